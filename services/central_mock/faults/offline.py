"""Taking the whole centre offline and back: one rule, named so that one call finds it."""

from typing import Any

from pydantic import TypeAdapter

from services.central_mock.faults.domain import OFFLINE_PRIORITY, Mode
from services.central_mock.faults.rules.keeping import OFFLINE
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.schemas import OfflineOrder
from services.central_mock.faults.specs import FaultSpec

SPEC: TypeAdapter[FaultSpec] = TypeAdapter(FaultSpec)


def rule_of(order: OfflineOrder) -> RuleOrder:
    """The rule that an order to go offline means."""
    settings: dict[str, Any] = {"kind": order.mode.value}
    if order.mode is Mode.HTTP_503:
        settings["retry_after"] = order.retry_after
    return RuleOrder(
        name=OFFLINE,
        fault=SPEC.validate_python(settings),
        priority=OFFLINE_PRIORITY,
        life=order.life,
        reason=order.reason,
    )
