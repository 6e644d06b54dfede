"""What a restart must know of a run, and what the audit says of it."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.central_mock.faults.rules import repository as audit
from services.central_mock.faults.scenarios.run import Run
from services.central_mock.faults.scenarios.schemas import Ending
from services.central_mock.orders import find_order, give_order, withdraw_order

ORDER = "running_scenario"

Deed = audit.Action


def keep_run(
    session: Session, *, run: Run, now: datetime, deed: Deed | None, by: str, reason: str = ""
) -> None:
    """Where it stands now, and what somebody did to it."""
    give_order(session, name=ORDER, value=run.kept(now), at=now, by=run.started_by)
    if deed is not None:
        detail = {"stage": run.stage.name}
        audit.note(session, at=now, by=by, action=deed, name=run.scenario.name, reason=reason, detail=detail)


def forget_run(session: Session, *, ending: Ending) -> None:
    """It is over: a restart shall not go on with it."""
    withdraw_order(session, name=ORDER)
    audit.note(
        session,
        at=ending.at,
        by=ending.by,
        action=Deed.SCENARIO_ENDED,
        name=ending.scenario,
        reason=ending.why,
    )


def kept_run(session: Session) -> dict[str, Any] | None:
    """What was kept of a run that is not over, as `Run.found` reads it."""
    order = find_order(session, ORDER)
    return None if order is None else order.value
