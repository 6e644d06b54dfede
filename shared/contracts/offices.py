"""An office as both services know it: its Kemendagri code, zone, hours, counters, targets and policies."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

OFFICE_CODE = r"^\d{2}\.\d{2}(\.\d{2})?$"
OfficeCode = Annotated[str, StringConstraints(pattern=OFFICE_CODE)]
CounterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,19}$")]


class OfficeKind(StrEnum):
    """A kecamatan's office or a kabupaten's registry."""

    KECAMATAN = "KECAMATAN"
    DISDUKCAPIL = "DISDUKCAPIL"


class ServiceType(StrEnum):
    """What citizens queue for; each has its own numbers."""

    ENROLMENT = "ENROLMENT"
    CARD_PRINTING = "CARD_PRINTING"
    CARD_PICKUP = "CARD_PICKUP"
    SUKET = "SUKET"


PREFIXES = {
    ServiceType.ENROLMENT: "A",
    ServiceType.CARD_PRINTING: "B",
    ServiceType.CARD_PICKUP: "C",
    ServiceType.SUKET: "D",
}

TimeZone = Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _wall_clock(value: time) -> time:
    if value.tzinfo is not None or value.microsecond:
        raise ValueError("must be a time of day like 07:30, without an offset")
    return value


TimeOfDay = Annotated[
    time,
    AfterValidator(_wall_clock),
    # JSON Schema's own "time" has an offset, which what hangs on an office's door has not.
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}),
]


class Interval(_Strict):
    """From one time of day to a later one, in the office's zone."""

    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _ordered(self) -> "Interval":
        if self.start >= self.end:
            raise ValueError("start must come before end")
        return self


class DayHours(_Strict):
    """One weekday: 0 is Monday. A weekday that is not listed is closed."""

    weekday: Annotated[int, Field(ge=0, le=6)]
    open: Interval
    breaks: list[Interval] = []


class Counter(_Strict):
    """A counter and the services it calls for."""

    name: CounterName
    services: Annotated[list[ServiceType], Field(min_length=1)]


class Policies(_Strict):
    """What differs between offices by decision, not by accident."""

    record_offline: bool = True
    """False plays what the offices had in 2016: recording needs the centre's answer."""
    reinstate_places: Annotated[int, Field(ge=0, le=50)] = 3
    """How many waiting tickets go before one that missed its call and came back."""
    long_wait_minutes: Annotated[int, Field(ge=1, le=1440)] = 120
    minutes_per_service: dict[ServiceType, Annotated[float, Field(gt=0, le=240)]] = {}
    """The office's own expectation until today's services tell better; 5 where nothing is said."""


class Office(_Strict):
    """One office, whole; what `PUT /v1/offices/{office}` takes and `queue.office.configured.v1` carries."""

    code: OfficeCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: OfficeKind
    time_zone: TimeZone
    services: Annotated[list[ServiceType], Field(min_length=1)]
    counters: Annotated[list[Counter], Field(max_length=50)]
    hours: Annotated[list[DayHours], Field(max_length=7)]
    daily_target: Annotated[int, Field(ge=0, le=10_000)] = 100
    daily_print_capacity: Annotated[int, Field(ge=0, le=10_000)] = 200
    policies: Policies = Policies()

    @model_validator(mode="after")
    def _consistent(self) -> "Office":
        names = [counter.name for counter in self.counters]
        if len(set(names)) != len(names):
            raise ValueError("two counters have the same name")
        if any(not set(counter.services) <= set(self.services) for counter in self.counters):
            raise ValueError("a counter calls for a service the office does not have")
        if len({day.weekday for day in self.hours}) != len(self.hours):
            raise ValueError("a weekday is listed twice")
        return self
