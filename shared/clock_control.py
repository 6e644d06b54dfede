"""Setting the clock of a running demo trio, so that a day can be replayed. Never mounted in production."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.clock_file import save_clock
from shared.runtime import CurrentRuntime
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["control"])

# A clock that runs into the end of the calendar would take every background task with it.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _within_reason(start: datetime) -> datetime:
    if not EARLIEST <= start <= LATEST:
        raise ValueError("must be between 2000 and 2100")
    return start


class ClockSetting(BaseModel):
    """Where simulated time begins and how many of its seconds pass in a real one; null start is real time."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[AwareDatetime, AfterValidator(_within_reason)] | None = None
    speed: Annotated[float, Field(gt=0, le=3600)] = 1.0


class ClockState(BaseModel):
    """What the clock shows."""

    now: AwareDatetime
    start: AwareDatetime | None
    speed: float


def _state(runtime: CurrentRuntime) -> ClockState:
    clock = runtime.clock
    return ClockState(now=clock.now(), start=clock.start, speed=clock.speed)


@router.get("/clock")
async def read_clock(runtime: CurrentRuntime, _ops: Ops) -> ClockState:
    """What the clock shows."""
    return _state(runtime)


@router.put("/clock")
async def set_clock(runtime: CurrentRuntime, _ops: Ops, setting: ClockSetting) -> ClockState:
    """Set it; whatever sleeps by it wakes."""
    runtime.clock.set(setting.start, setting.speed)
    save_clock(runtime.clock_file, runtime.clock)
    return _state(runtime)
