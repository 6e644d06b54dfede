"""How ops take the centre offline, and the centre's state as the console shows it."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.domain import Mode
from services.central_mock.faults.rules.domain import DEFAULT_LIFE
from services.central_mock.faults.rules.schemas import Life, Reason, RuleState
from services.central_mock.faults.scenarios.schemas import RunState


class OfflineOrder(BaseModel):
    """How the centre is away and for how long: `{"mode": "HANG", "for": "PT2H10M"}`."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    life: Annotated[Life, Field(alias="for")] = timedelta(seconds=DEFAULT_LIFE)
    reason: Reason = ""
    retry_after: Annotated[int, Field(ge=0, le=86_400, description="Seconds; said by HTTP_503 only")] = 30


class FaultState(BaseModel):
    """How the centre is offline."""

    mode: Mode
    since: AwareDatetime
    ends_at: AwareDatetime
    seconds_left: float
    set_by: str
    reason: str


class RecordCounts(BaseModel):
    """How many records the centre holds."""

    total: int
    waiting: int
    by_decision: dict[str, int]


class CentreState(BaseModel):
    """Everything that can be set, and what it does now."""

    online: bool
    """Whether nobody has taken the whole centre offline. Other rules may be on all the same."""
    fault: FaultState | None
    """What `offline` set."""
    rules: list[RuleState]
    """All that is on, in the order in which it is asked."""
    seed: int
    scenario: RunState | None
    """The scenario that runs or is paused."""
    listening: bool
    open_connections: int
    now: AwareDatetime
    clock_speed: float
    records: RecordCounts
    uniqueness: UniquenessPolicy
    journal_entries: int
    restored: str | None
    """What the last start made of the rules that were on before it."""


class FaultKind(BaseModel):
    """One fault of the catalogue."""

    kind: str
    family: str
    """SOCKET, HTTP or MEANING."""
    stage: str
    about: str
    acts_at: list[str]
    settings: dict[str, Any]
    """The JSON schema of `fault`."""


class AuditEntry(BaseModel):
    """One thing that was done to the rules."""

    id: int
    at: AwareDatetime
    by: str
    action: str
    name: str | None
    reason: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Who did what, oldest first."""

    items: list[AuditEntry]
    next_cursor: str | None
