"""A rule as data, and the dice that decide whether it acts: a function of seed, rule, request and attempt alone.

Nothing here remembers and nothing rolls, so that neither the order nor the number of requests at once changes
what one request meets.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.central_mock.faults.specs import FaultSpec

DEFAULT_LIFE = 3600.0
"""Seconds of the clock after which a rule ends that was set without `for`."""
LONGEST_LIFE = 7 * 86_400.0
"""No rule lives longer: one that was forgotten must not look like a broken centre for ever."""
DEFAULT_SEED = 1

WORD = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


class Endpoint(StrEnum):
    """The calls of the centre's API, and the uniqueness check, which decides about records without a request."""

    RECORDS_POST = "records.post"
    RECORDS_GET = "records.get"
    RESULTS_GET = "results.get"
    IMPORTS_POST = "imports.post"
    RECONCILIATIONS_POST = "reconciliations.post"
    RESIDENTS_LIST = "residents.list"
    RESIDENTS_GET = "residents.get"
    KEYS_GET = "keys.get"
    HEALTH_GET = "health.get"
    CHECK = "check"


class Direction(StrEnum):
    """Which bytes a pace holds back."""

    REQUEST = "REQUEST"
    ANSWER = "ANSWER"
    BOTH = "BOTH"


class Per(StrEnum):
    """What `first`, `every` and `after` count."""

    KEY = "KEY"
    """The attempts of each request key since the rule was set: how many requests run at once changes nothing."""
    RULE = "RULE"
    """All requests that the rule matched, in the order of their arrival."""


OfficePattern = Annotated[
    str,
    Field(pattern=r"^(\d{2}\.\d{2}(\.\d{2})?|[\d.]{0,8}\*)$", description="A code; a trailing `*` is open"),
]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Frozen):
    """What a rule is about. An empty list matches all."""

    offices: Annotated[list[OfficePattern], Field(max_length=10_000)] = []
    endpoints: Annotated[list[Endpoint], Field(max_length=20)] = []
    keys: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=10_000)] = []
    """Of records: the Idempotency-Key, or the key in the path."""
    direction: Direction = Direction.BOTH
    """For faults of the pace."""

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.offices or self.endpoints or self.keys)


class Exactly(_Frozen):
    """One request of a recording: its key, where it went, and which attempt it was."""

    endpoint: Annotated[str, Field(max_length=40)]
    key: Annotated[str, Field(max_length=300)]
    attempt: Count
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Of a QUOTA: what was left of its window, and was told as `Retry-After`."""


class Shape(_Frozen):
    """How often a rule acts on what it matches. All that is set must hold."""

    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    first: Count | None = None
    """Only the first so many (after `after`)."""
    every: Count | None = None
    """Only each so-manieth (after `after`)."""
    after: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Not the first so many."""
    times: Count | None = None
    """At most so many times altogether."""
    per: Per = Per.KEY
    exactly: Annotated[list[Exactly], Field(max_length=100_000)] | None = None
    """A replay: these requests and no others, whatever the dice would say."""

    @model_validator(mode="after")
    def _exactly_stands_alone(self) -> Self:
        if self.exactly is not None and self.model_copy(update={"exactly": None}) != Shape():
            raise ValueError("`exactly` stands alone")
        return self

    @property
    def always(self) -> bool:
        """Whether it acts on everything it matches."""
        return self == Shape(per=self.per)

    def allows(self, number: int) -> bool:
        """Whether the `number`th (from 1) attempt or request is one of those."""
        number -= self.after
        if number <= 0 or (self.first is not None and number > self.first):
            return False
        return self.every is None or number % self.every == 0


@dataclass(frozen=True, eq=False)
class Rule:
    """One fault that was ordered: what, on what, how often, for how long, by whom and why.

    It is itself and no other: one that is set again is another rule, with counts of its own.
    """

    name: str
    fault: FaultSpec
    match: Match
    shape: Shape
    priority: int
    seconds: float
    """Its whole life, in seconds of the clock."""
    since: datetime
    set_by: str
    reason: str
    number: int
    """Counts rules as they were set: of two with the same priority the earlier goes first."""

    @cached_property
    def always(self) -> bool:
        """Whether it acts on everything it matches."""
        return self.shape.always

    @cached_property
    def rank(self) -> tuple[int, int, int]:
        """Sorts rules into the order in which they are asked: by stage, then by priority, then as they were set."""
        return (self.fault.stage, -self.priority, self.number)

    @cached_property
    def unconditional(self) -> bool:
        """Whether it acts on every request there is."""
        return self.match.everything and self.always


@dataclass(frozen=True, slots=True)
class Subject:
    """A request, or a record that the uniqueness check looks at, as rules see it."""

    office: str | None
    endpoint: str
    key: str
    attempt: int = 1
    """Of a record without a request: always 1. Requests are counted for each rule since it was set."""


def request_number(seed: int, endpoint: str, key: str, attempt: int) -> int:
    """64 bits of one attempt of a request, which all rules share: hashing once a request is enough."""
    text = f"{seed}|{endpoint}|{key}|{attempt}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def rule_number(rule: str, what: str = "") -> int:
    """64 bits of a rule's name; `what` tells several draws of one rule apart."""
    return int.from_bytes(hashlib.blake2b(f"{rule}|{what}".encode(), digest_size=8).digest(), "big")


def mixed(request: int, rule: int) -> int:
    """64 bits of both. Each is a hash already, so that one multiplication is enough to make two rules strangers."""
    return ((request ^ rule) * GOLDEN) & WORD


def threshold(probability: float) -> int:
    """What `mixed` must be under to act."""
    return math.ceil(probability * (1 << 53)) << 11


def draw(seed: int, rule: str, subject: Subject, what: str = "") -> float:
    """What the dice show for this rule and attempt: always the same number in [0, 1)."""
    request = request_number(seed, subject.endpoint, subject.key, subject.attempt)
    return share(mixed(request, rule_number(rule, what)))


def share(bits: int) -> float:
    """64 bits as a number in [0, 1)."""
    return (bits >> 11) / (1 << 53)


def life_left(since: datetime, seconds: float, now: datetime) -> float:
    """How many seconds of the clock a rule that outlived a restart still has; 0 when it is over.

    The clock may have been moved since. When it stands before the rule's beginning nothing can be known of how
    long it was: it is over.
    """
    elapsed = (now - since).total_seconds()
    return 0.0 if elapsed < 0 else max(seconds - elapsed, 0.0)
