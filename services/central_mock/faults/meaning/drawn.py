"""Looking at what was drawn before it is certain that it acts: a fault that found nothing to spoil has not fired."""

from dataclasses import dataclass
from typing import Generic

from services.central_mock.faults.rules.ruling import Fired, Ruling, SpecT
from services.central_mock.faults.specs.kinds import Stage


@dataclass(frozen=True)
class Drawn(Generic[SpecT]):
    """A fault of meaning that was drawn; say `acts` where it does."""

    rule: str
    spec: SpecT
    _ruling: Ruling
    _fired: Fired

    def acts(self) -> None:
        """It acted: the journal names it and the rule's count goes up."""
        self._ruling.fired(self._fired)


def drawn(ruling: Ruling, kind: type[SpecT]) -> Drawn[SpecT] | None:
    """The fault of this kind that was drawn, or None. Does not count as fired."""
    for each in ruling.at(Stage.MEANING):
        if isinstance(each.spec, kind):
            return Drawn(each.rule, each.spec, ruling, each)
    return None
