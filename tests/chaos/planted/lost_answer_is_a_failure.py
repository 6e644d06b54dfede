"""What got no answer from the centre has failed: it is put aside for somebody to look at."""

from typing import Any

from services.enrolment_api.delivery import service
from services.enrolment_api.delivery.domain import DeliveryState, NextStep, Verdict


def plant() -> None:
    deliveries: Any = service
    decide = deliveries.next_step

    def fail_for_good(verdict: Verdict, attempts: int, *args: Any, **more: Any) -> Any:
        if verdict is Verdict.UNKNOWN:
            return NextStep(DeliveryState.QUARANTINED, attempts + 1, None)
        return decide(verdict, attempts, *args, **more)

    deliveries.next_step = fail_for_good
