"""What the rules decided about one request or record: asked for where it acts, noted where it acted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from services.central_mock.faults.specs.kinds import Spec, Stage

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True)
class Fired:
    """A rule that was drawn to act."""

    rule: str
    """The rule's name."""
    spec: Spec


class Ruling:
    """The rules that were drawn for one subject. Nothing is drawn again, however often it is asked."""

    def __init__(self, drawn: Sequence[Fired] = (), note: Callable[[Fired], None] | None = None) -> None:
        self._drawn = drawn
        self._note = note

    def takes(self, kind: type[SpecT]) -> SpecT | None:
        """The fault of this kind that acts now, or None. Call it only where it is acted on: it counts as fired."""
        for each in self._drawn:
            if isinstance(each.spec, kind):
                self._fired(each)
                return each.spec
        return None

    def at(self, stage: Stage) -> list[Fired]:
        """What was drawn for a stage, the one that comes first in front. Does not count as fired: see `fired`."""
        return [each for each in self._drawn if each.spec.stage is stage]

    def fired(self, each: Fired) -> None:
        """Say that it acted: the journal names it and the rule's count goes up."""
        self._fired(each)

    def _fired(self, each: Fired) -> None:
        if self._note is not None:
            self._note(each)


NOTHING = Ruling()


def ruling_of(request: Request) -> Ruling:
    """What was decided about this request; nothing where it did not come through the front."""
    found = request.scope.get("state", {}).get("ruling", NOTHING)
    return found if isinstance(found, Ruling) else NOTHING
