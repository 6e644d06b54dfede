"""A day's reconciliation as a supervisor sees it."""

import datetime as dt

from pydantic import AwareDatetime, BaseModel

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.reconciliation.domain import Done, Found, ReconciliationState, Standing


class Finding(BaseModel):
    """Something the two sides did not agree on, and what was done about it."""

    record_id: str
    found: Found
    done: Done
    first_found_at: AwareDatetime
    last_found_at: AwareDatetime
    times: int
    """Comparisons that found it."""
    current: bool
    """Whether the last comparison found it still."""


class AtCentre(BaseModel):
    """What the last comparison with the centre found, in numbers."""

    compared_at: AwareDatetime
    compared: int
    """Records of ours that were compared."""
    missing: int
    """Acknowledged to us and not held there: sent again."""
    mismatched: int
    """Held there with other bytes: a person must look, nothing is sent."""
    unexpected: int
    """Held there and never recorded here: a person must look."""


class ReconciledRecord(BaseModel):
    """One record of the day."""

    id: str
    receipt_number: str | None
    captured_at: AwareDatetime
    standing: Standing
    delivery: DeliveryState | None
    centre_receipt: str | None
    at_centre: str | None
    """`AGREES`, or what the last comparison found; null for what was not acknowledged when it was made."""


class ReconciliationView(BaseModel):
    """recorded = acknowledged + pending + quarantined, as of now; beside it what the centre last said.

    `items` are the day's records, oldest first, page by page.
    """

    office: str
    date: dt.date
    time_zone: str
    state: ReconciliationState
    reason: str
    requested_at: AwareDatetime | None
    requested_by: str | None
    started_at: AwareDatetime | None
    due_at: AwareDatetime | None
    """When it is compared next, once the centre can be reached."""
    recorded: int
    acknowledged: int
    pending: int
    quarantined: int
    as_of: AwareDatetime
    centre: AtCentre | None
    findings: list[Finding]
    """The last first, at most 500."""
    items: list[ReconciledRecord]
    next_cursor: str | None
