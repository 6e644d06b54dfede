"""What a reported day is: the office's hours and people, the outage, and what the report says came of it.

Strict on purpose: an unknown field is refused, and every setting must name its source, either the report's
words or our assumption with its reason. A replay is worth as much as its reader can check it.
"""

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.ektp.errors import CommandFailed

SCENARIOS = Path(__file__).resolve().parents[3] / "scenarios"
# Both offices of the reports are in Central Java. The office's own zone is checked against it before a replay.
WIB = ZoneInfo("Asia/Jakarta")

Day = date  # the field of that name hides the type inside the class
Minutes = Annotated[float, Field(gt=0, le=90)]


class ScenarioInvalid(CommandFailed):
    """The scenario cannot be read; the message is one line that says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Span(_Strict):
    """From one time of the day to a later one."""

    begins: time = Field(alias="from")
    ends: time = Field(alias="to")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.begins >= self.ends:
            raise ValueError(f"it ends at {self.ends}, before it begins at {self.begins}")
        return self


class Break(Span):
    """The counters rest."""

    reason: str


class Arrivals(Span):
    """So many people take a number, spread evenly over the span; the last one at its end."""

    numbers: int = Field(ge=1)


class Pace(_Strict):
    """Minutes from calling one citizen to being ready for the next: `mean`, give or take `spread`."""

    mean: Minutes
    spread: float = Field(ge=0)

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.spread >= self.mean:
            raise ValueError("the spread must be smaller than the mean")
        return self


class OfficeDay(_Strict):
    """When the office works and who comes."""

    kiosk_opens: time
    opens: time
    closes: time
    counters: int = Field(ge=1, le=16)
    breaks: list[Break]
    arrivals: list[Arrivals] = Field(min_length=1)
    minutes_per_citizen: Pace

    @property
    def numbers(self) -> int:
        """How many people come in the whole day."""
        return sum(span.numbers for span in self.arrivals)


class CentreOutage(_Strict):
    """When the centre is gone, and how it looks on the wire."""

    starts: time
    ends: time
    mode: Literal["REFUSE", "HANG", "RESET", "HTTP_503"]


class Waiting(_Strict):
    """A number that was still waiting at a time."""

    number: int
    at: time
    who: str


class Issued(_Strict):
    """How many numbers were out by a time."""

    count: int
    by: time


class Waited(_Strict):
    """How long somebody who was served right after the outage had waited."""

    hours: float
    within: float
    who: str


class Reported(_Strict):
    """What the report says came of the day; the replay without offline recording must show the same."""

    served_at_outage: int
    interrupted: int
    nothing_recorded_until: time
    issued: Issued | None = None
    still_waiting: Waiting | None = None
    waited: Waited | None = None


class Scenario(_Strict):
    """One reported day."""

    name: str
    title: str
    source: str
    office: str
    date: date
    office_day: OfficeDay
    outage: CentreOutage
    report: Reported
    quoted: dict[str, str]
    assumed: dict[str, str]

    @model_validator(mode="after")
    def _every_setting_names_its_source(self) -> Self:
        settings = set(_settings("office_day", self.office_day)) | set(_settings("outage", self.outage))
        settings |= set(_settings("report", self.report))
        given = [*self.quoted, *self.assumed]
        if missing := settings - set(given):
            raise ValueError(f"neither quoted nor assumed: {', '.join(sorted(missing))}")
        if unknown := set(given) - settings:
            raise ValueError(f"a source for what is not set: {', '.join(sorted(unknown))}")
        if twice := set(self.quoted) & set(self.assumed):
            raise ValueError(f"both quoted and assumed: {', '.join(sorted(twice))}")
        return self

    def at(self, day: Day, clock_time: time) -> datetime:
        """That time of the office's clock on `day`."""
        return datetime.combine(day, clock_time, WIB)


def _settings(prefix: str, part: _Strict) -> list[str]:
    return [f"{prefix}.{name}" for name in type(part).model_fields if getattr(part, name) is not None]


def load_scenario(name: str) -> Scenario:
    """Read a scenario by its name under `scenarios/` or by a path; ScenarioInvalid if it cannot be."""
    path = _find(name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Scenario.model_validate({"name": path.stem, **content})
    except tomllib.TOMLDecodeError as error:
        raise ScenarioInvalid(f"{path.name}: not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "scenario"
        raise ScenarioInvalid(f"{path.name}: {where}: {first['msg']}") from error


def _find(name: str) -> Path:
    stem = Path(name).name.removesuffix(".toml")
    for path in (Path(name), Path(f"{name}.toml"), SCENARIOS / f"{stem}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in SCENARIOS.glob("*.toml"))) or "none"
    raise ScenarioInvalid(f"no scenario {name!r}; known: {known}")
