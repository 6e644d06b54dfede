"""What a scenario is made of: stages that last, faults in them, and numbers of a fault that move with time.

One shape for a file (TOML) and for the console (JSON).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from math import isfinite
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.central_mock.faults.rules.domain import Match, Shape
from services.central_mock.faults.scenarios.domain import LONGEST, Span, Timeline
from services.central_mock.faults.specs import FaultSpec

ScenarioName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
PartName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
Duration = Annotated[
    timedelta,
    Field(ge=timedelta(seconds=1), le=timedelta(seconds=LONGEST), description="ISO 8601, of the clock"),
]

PROBABILITY = "probability"
SEPARATOR = "."
"""Between scenario, stage and fault in a rule's name: none of the three can have one, and no URL minds it."""
RULE_NAME_LONGEST = 64


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Ramp(_Part):
    """A number of a fault that goes from one value to another over the stage, in equal steps.

    The stage is divided into `steps` parts of equal length; the first has `from`, the last has `to`.
    """

    parameter: Annotated[str, Field(max_length=50, description="Of the fault, or `probability`")]
    start: Annotated[float, Field(alias="from")]
    end: Annotated[float, Field(alias="to")]
    steps: Annotated[int, Field(ge=2, le=100)]

    @model_validator(mode="after")
    def _of_numbers(self) -> Self:
        if not (isfinite(self.start) and isfinite(self.end)):
            raise ValueError("`from` and `to` must be finite")
        return self

    def value(self, share: Fraction) -> float:
        """What the number is when this share of the stage has passed."""
        return self.start + (self.end - self.start) * int(share * self.steps) / (self.steps - 1)


class StageFault(_Part):
    """A fault that is on while its stage lasts: a rule without a life of its own."""

    name: PartName
    fault: FaultSpec
    match: Match = Match()
    shape: Shape = Shape()
    priority: int = 0
    ramps: Annotated[tuple[Ramp, ...], Field(max_length=5)] = ()

    @model_validator(mode="after")
    def _ramps_fit(self) -> Self:
        for parameter, times in Counter(ramp.parameter for ramp in self.ramps).items():
            if times > 1:
                raise ValueError(f"two ramps move {parameter}")
        for number, ramp in enumerate(self.ramps):
            for value in (ramp.start, ramp.end):  # limits are ranges: what lies between is within them too
                try:
                    _moved(self, ramp.parameter, value)
                except ValidationError as error:
                    why = error.errors()[0]["msg"]
                    raise ValueError(f"ramps/{number}: {value:g} is no {ramp.parameter}: {why}") from None
                except ValueError as error:
                    raise ValueError(f"ramps/{number}: {error}") from None
        return self

    def at(self, share: Fraction) -> "StageFault":
        """The fault as it is when this share of the stage has passed."""
        moved = self.model_copy(update={"ramps": ()})
        for ramp in self.ramps:
            moved = _moved(moved, ramp.parameter, ramp.value(share))
        return moved


def _moved(fault: StageFault, parameter: str, value: float) -> StageFault:
    if parameter == PROBABILITY:
        shape = Shape.model_validate(fault.shape.model_dump() | {PROBABILITY: value})
        return fault.model_copy(update={"shape": shape})
    spec = fault.fault
    field = type(spec).model_fields.get(parameter)
    numbers = set() if field is None else _number_types(field.annotation)
    if not numbers:
        raise ValueError(f"{spec.kind} has no number called {parameter!r}")
    whole = round(value) if float not in numbers else value
    return fault.model_copy(
        update={"fault": type(spec).model_validate(spec.model_dump() | {parameter: whole})}
    )


def _number_types(annotation: Any) -> set[type]:
    """Of `int`, `float` and whatever wraps them; an enumeration or a flag is no number."""
    if annotation in {int, float}:
        return {annotation}
    if getattr(annotation, "__origin__", None) is Literal:
        return set()
    return {number for inner in get_args(annotation) for number in _number_types(inner)}


class Stage(_Part):
    """Faults that are on together for a while; none of them is a time of health."""

    name: PartName
    lasts: Duration
    faults: Annotated[tuple[StageFault, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _faults_have_names_of_their_own(self) -> Self:
        _unique("faults", (fault.name for fault in self.faults))
        return self

    @property
    def shares(self) -> list[Fraction]:
        """Where in the stage some ramp steps; the first is its beginning."""
        steps = {ramp.steps for fault in self.faults for ramp in fault.ramps}
        return sorted({Fraction(0)} | {Fraction(k, each) for each in steps for k in range(each)})

    def span(self) -> Span:
        """The stage as the clock sees it."""
        seconds = self.lasts.total_seconds()
        return Span(seconds, tuple(float(share * Fraction(seconds)) for share in self.shares))


def _one_at_least(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    if not stages:
        raise ValueError("a scenario has at least 1 stage")
    return stages


class Scenario(_Part):
    """A named timeline of faults."""

    name: ScenarioName
    description: Annotated[str, Field(max_length=500)] = ""
    source: Annotated[str, Field(max_length=500, description="Where its facts stand")] = ""
    assumed: Annotated[
        tuple[Annotated[str, Field(max_length=500)], ...],
        Field(max_length=50, description="What the source does not say"),
    ] = ()
    seed: Annotated[int | None, Field(ge=0, le=(1 << 53) - 1, description="Of the dice; null leaves it")] = (
        None
    )
    loop: Annotated[int, Field(ge=1, le=10_000)] | Literal["FOREVER"] = 1
    life: Annotated[
        Duration | None,
        Field(alias="for", description="From the start, pauses included; a loop for ever must say it"),
    ] = None
    stages: Annotated[
        tuple[Stage, ...],
        Field(max_length=50, json_schema_extra={"minItems": 1}),
        AfterValidator(
            _one_at_least
        ),  # pydantic's own counts only those without an error, and says so besides
    ]

    @model_validator(mode="after")
    def _ends(self) -> Self:
        _unique("stages", (stage.name for stage in self.stages))
        for number, stage in enumerate(self.stages):
            for name in (self.rule_name(number, fault.name) for fault in stage.faults):
                if len(name) > RULE_NAME_LONGEST:
                    raise ValueError(f"the rule {name!r} would have more than {RULE_NAME_LONGEST} characters")
        if self.life is None and self.loop == "FOREVER":
            raise ValueError("a loop for ever needs `for`: how long at most")
        timeline = self.timeline
        if self.life is None and timeline.cycle * (timeline.rounds or 1) > LONGEST:
            raise ValueError("its stages last more than P7D, and no scenario may: say `for` to cut it off")
        return self

    @property
    def timeline(self) -> Timeline:
        """The scenario as the clock sees it."""
        return Timeline(
            tuple(stage.span() for stage in self.stages),
            rounds=None if self.loop == "FOREVER" else self.loop,
            life=LONGEST if self.life is None else self.life.total_seconds(),
        )

    def rule_name(self, stage: int, fault: str) -> str:
        """What a stage's fault is called as a rule: whoever reads a journal knows where it came from."""
        return SEPARATOR.join((self.name, self.stages[stage].name, fault))

    def faults_in(self, stage: int, part: int) -> dict[str, StageFault]:
        """The faults of one part of a stage, by the name of their rule."""
        span = self.stages[stage]
        share = span.shares[part]
        return {self.rule_name(stage, fault.name): fault.at(share) for fault in span.faults}


def _unique(what: str, names: Iterable[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{what} need names of their own; twice: {', '.join(twice)}")
