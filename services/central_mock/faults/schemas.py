"""How ops order a fault, and the centre's state as the console shows it."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.domain import DEFAULT_LIFE, LONGEST_LIFE, Mode


class OfflineOrder(BaseModel):
    """A fault and how long it lives: `{"mode": "HANG", "for": "PT2H10M"}`."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    life: Annotated[
        timedelta,
        Field(
            alias="for",
            gt=timedelta(0),
            le=timedelta(seconds=LONGEST_LIFE),
            description="ISO 8601, of the clock; every fault ends by itself",
        ),
    ] = timedelta(seconds=DEFAULT_LIFE)
    reason: Annotated[str, Field(max_length=500)] = ""
    retry_after: Annotated[int, Field(ge=0, le=86_400, description="Seconds; said by HTTP_503 only")] = 30


class FaultState(BaseModel):
    """The fault in force."""

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
    fault: FaultState | None
    listening: bool
    open_connections: int
    now: AwareDatetime
    clock_speed: float
    records: RecordCounts
    uniqueness: UniquenessPolicy
    journal_entries: int
    restored: str | None
    """What the last start made of the fault that was on before it."""
