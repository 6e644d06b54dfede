"""What `GET /v1/central-link` answers."""

from datetime import datetime

from pydantic import BaseModel

from shared.contracts.enrolment import LinkState
from shared.contracts.queue import Hop


class CentralLink(BaseModel):
    """The link to the centre, and what waits behind it."""

    state: LinkState
    hop: Hop | None
    """Which part failed; null while it works."""
    reason: str
    since: datetime
    failing_since: datetime | None
    next_probe_at: datetime | None
    backlog: int
    """Records of the caller's offices that are not at the centre yet."""
    oldest_unsent: datetime | None
    drain_rate_per_minute: float | None
    """Receipts a minute over the last minutes; null while nothing was sent."""
    expected_end: datetime | None
    """When the backlog will be at the centre at this rate; null when that can't honestly be said."""
    concurrency: int
    as_of: datetime
