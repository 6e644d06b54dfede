"""How a rule is ordered, and what is told of one that is in force."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.central_mock.faults.rules.domain import DEFAULT_LIFE, LONGEST_LIFE, Match, Shape
from services.central_mock.faults.specs import FaultSpec

RuleName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Life = Annotated[
    timedelta,
    Field(
        gt=timedelta(0),
        le=timedelta(seconds=LONGEST_LIFE),
        description="ISO 8601, of the clock; every rule ends by itself",
    ),
]
Reason = Annotated[str, Field(max_length=500)]


class RuleOrder(BaseModel):
    """A rule to set: `{"fault": {"kind": "RESET"}, "match": {"offices": ["33.13.*"]}, "for": "PT10M"}`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: RuleName | None = None
    """Without one it is called after its kind."""
    fault: FaultSpec
    match: Match = Match()
    shape: Shape = Shape()
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Of rules of one stage the higher goes first, then the earlier."""
    life: Annotated[Life, Field(alias="for")] = timedelta(seconds=DEFAULT_LIFE)
    reason: Reason = ""


class RuleState(BaseModel):
    """A rule in force."""

    name: str
    fault: FaultSpec
    match: Match
    shape: Shape
    priority: int
    set_by: str
    reason: str
    since: AwareDatetime
    ends_at: AwareDatetime
    seconds_left: float
    matched: int
    """Requests and records it was asked about, since it was set or since the last start."""
    drawn: int
    """Those for which the dice and counts said yes."""
    fired: int
    """Those on which it acted."""
    shadowed_by: str | None
    """A rule that leaves it nothing to act on, while both are on."""


class RuleList(BaseModel):
    """All rules in force, in the order in which they are asked."""

    items: list[RuleState]
    seed: int


class Seed(BaseModel):
    """What the dice start from."""

    model_config = ConfigDict(extra="forbid")

    seed: Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
