"""What people ask of a reconciliation: have a day compared, and see how it stands."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlmodel import Session

from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.reconciliation import repository
from services.enrolment_api.reconciliation.domain import (
    Found,
    ReconciliationState,
    Standing,
    figures_of,
    standing_of,
)
from services.enrolment_api.reconciliation.models import DayReconciliation
from services.enrolment_api.reconciliation.schemas import (
    AtCentre,
    Finding,
    ReconciledRecord,
    ReconciliationView,
)
from shared.pages import page_of
from shared.problems import InvalidInput

WAKE = "reconciliation"
AGREES = "AGREES"
OPEN = {ReconciliationState.REQUESTED.value, ReconciliationState.RUNNING.value}


def request(session: Session, *, office: str, day: dt.date, by: str, now: dt.datetime) -> None:
    """Have the day compared as soon as the centre can be reached; one that is asked for already stays as it is.

    Raises NotFound, InvalidInput.
    """
    zone = ZoneInfo(get_office(session, office).time_zone)
    if day > now.astimezone(zone).date():
        raise InvalidInput.field("/path/date", "that day has not begun at this office")
    row = repository.lock_day(session, office, day)
    if row.state in OPEN:
        return
    row.state = ReconciliationState.REQUESTED.value
    row.requested_at, row.requested_by, row.due_at = now, by, now
    row.reason, row.failures = "", 0
    session.add(row)
    session.flush()
    session.info[WAKE] = True


def show(
    session: Session,
    *,
    office: str,
    day: dt.date,
    now: dt.datetime,
    after: str | None = None,
    limit: int = 50,
) -> ReconciliationView:
    """The day as it stands now, and what the centre last said of it. Raises NotFound."""
    zone = get_office(session, office).time_zone
    row = repository.get_day(session, office, day)
    row = row or DayReconciliation(office=office, day=day, state=ReconciliationState.NOT_REQUESTED.value)
    figures = figures_of(repository.count_states(session, office, day))
    page = page_of(_records(session, row, after=after, limit=limit), limit)
    return ReconciliationView(
        office=office,
        date=day,
        time_zone=zone,
        state=ReconciliationState(row.state),
        reason=row.reason,
        requested_at=row.requested_at,
        requested_by=row.requested_by,
        started_at=row.started_at,
        due_at=row.due_at,
        recorded=figures.recorded,
        acknowledged=figures.acknowledged,
        pending=figures.pending,
        quarantined=figures.quarantined,
        as_of=now.astimezone(ZoneInfo(zone)),
        centre=_at_centre(session, row),
        findings=_findings(session, row),
        items=page.items,
        next_cursor=page.next_cursor,
    )


def _at_centre(session: Session, row: DayReconciliation) -> AtCentre | None:
    if row.compared_at is None:
        return None
    found = repository.count_current(session, office=row.office, day=row.day)
    return AtCentre(
        compared_at=row.compared_at,
        compared=row.compared,
        missing=found[Found.MISSING],
        mismatched=found[Found.MISMATCHED],
        unexpected=found[Found.UNEXPECTED],
    )


def _findings(session: Session, row: DayReconciliation) -> list[Finding]:
    return [
        Finding.model_validate({**each.model_dump(), "current": each.last_found_at == row.compared_at})
        for each in repository.findings_of(session, row.office, row.day)
    ]


def _records(
    session: Session, row: DayReconciliation, *, after: str | None, limit: int
) -> list[ReconciledRecord]:
    listed = repository.list_day(session, row.office, row.day, after=after, limit=limit)
    found: dict[str, str] = {}
    if row.compared_at is not None:
        ids = [each.id for each in listed]
        found = repository.findings_among(session, row.office, row.day, ids, row.compared_at)
    return [
        ReconciledRecord(
            id=each.id,
            receipt_number=each.receipt_number,
            captured_at=each.captured_at,
            standing=(standing := standing_of(each.state)),
            delivery=each.state,
            centre_receipt=each.centre_receipt,
            at_centre=found.get(each.id) or _agrees(row, standing, each.acknowledged_here),
        )
        for each in listed
    ]


def _agrees(row: DayReconciliation, standing: Standing, acknowledged_here: dt.datetime | None) -> str | None:
    """What was acknowledged before the comparison, and not found amiss by it, is there."""
    before = (
        row.compared_at is not None and acknowledged_here is not None and acknowledged_here <= row.compared_at
    )
    return AGREES if before and standing is Standing.ACKNOWLEDGED else None
