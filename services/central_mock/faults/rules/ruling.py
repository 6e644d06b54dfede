"""What the rules decided about one request or record: asked for where it acts, noted where it acted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from fastapi import Request

from services.central_mock.faults.rules.domain import Exactly
from services.central_mock.faults.specs.kinds import Spec, Stage

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, eq=False)
class Fired:
    """A rule that was drawn to act."""

    rule: str
    """The rule's name."""
    spec: Spec
    attempt: int = 1
    """Which attempt of its key the request is, since the rule was set."""
    roll: Callable[[str], float] = field(default=lambda _what: 0.5, repr=False)
    """A further number in [0, 1) of the same dice, for faults that vary."""
    memory: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the rule remembers from request to request, for faults that count; gone with the rule."""
    number: int = 0
    """The number of the rule, which no other ever had."""
    told: dict[str, float] = field(default_factory=dict, repr=False)
    """What it decided by the clock or by arrival, for a recording."""
    replayed: Exactly | None = None
    """What a recording says of this attempt, which is to be repeated whatever clock and counts say."""
    slots: frozenset[str] = frozenset()
    """The places of its stage that it fills on this request, see `slots_of`."""


class Taker(Protocol):
    """A rule that counts how often it may still act."""

    taken: int


class Ruling:
    """The rules that were drawn for one subject. Nothing is drawn again, however often it is asked."""

    def __init__(
        self,
        drawn: Sequence[Fired] = (),
        note: Callable[[Fired], None] | None = None,
        takers: Mapping[Fired, Taker] | None = None,
    ) -> None:
        self.drawn = drawn
        self.acted: list[Fired] = []
        """Those that did act, in order."""
        self.on_fired: Callable[[Fired], None] | None = None
        """Told too: where the request's own story is written."""
        self._note = note
        self._takers = takers or {}

    def takes(self, kind: type[SpecT]) -> SpecT | None:
        """The fault of this kind that acts now, or None. Call it only where it is acted on: it counts as fired."""
        for each in self.drawn:
            if isinstance(each.spec, kind):
                self.fired(each)
                return each.spec
        return None

    def at(self, stage: Stage) -> list[Fired]:
        """What was drawn for a stage, the one that comes first in front. Does not count as fired: see `fired`."""
        return [each for each in self.drawn if each.spec.stage is stage]

    def fired(self, each: Fired) -> None:
        """Say that it acted: the journal names it and the rule's count goes up, once."""
        if each not in self.acted:
            self.acted.append(each)
            if self._note is not None:
                self._note(each)
            if self.on_fired is not None:
                self.on_fired(each)

    def settle(self) -> None:
        """The request is over: what was drawn and did not act is not counted against `times`."""
        for each in self.drawn:
            if each not in self.acted and each in self._takers:
                self._takers[each].taken -= 1


NOTHING = Ruling()


def ruling_of(request: Request) -> Ruling:
    """What was decided about this request; nothing where it did not come through the front."""
    found = request.scope.get("state", {}).get("ruling", NOTHING)
    return found if isinstance(found, Ruling) else NOTHING
