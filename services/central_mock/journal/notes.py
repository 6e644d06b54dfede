"""What happens to rules, as the journal tells it: set, fired for the first time, ended."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

from services.central_mock.journal.domain import What
from services.central_mock.journal.journal import Journal


class KnownRule(Protocol):
    """As much of a rule as is told."""

    @property
    def name(self) -> str: ...
    @property
    def fault(self) -> Any: ...
    @property
    def since(self) -> datetime: ...
    @property
    def set_by(self) -> str: ...
    @property
    def reason(self) -> str: ...


class RuleNotes:
    """Compares the rules that are on with those that were, whenever they have changed."""

    def __init__(
        self, journal: Journal, now: Callable[[], datetime], rules: Callable[[], Iterable[KnownRule]]
    ) -> None:
        self._journal = journal
        self._now = now
        self._rules = rules
        self._on: dict[str, KnownRule] = {}
        self._fired: set[str] = set()

    def changed(self) -> None:
        """Write down what came and what went."""
        before, self._on = self._on, {each.name: each for each in self._rules()}
        for name, rule in before.items():
            if self._on.get(name) != rule:
                self._fired.discard(name)
                self._note("ended", rule)
        for name, rule in self._on.items():
            if before.get(name) != rule:
                self._note(
                    "set", rule, by=rule.set_by, reason=rule.reason, fault=rule.fault.model_dump(mode="json")
                )

    def fired(self, name: str) -> None:
        """A rule acted. Told once for each time it is set; each request names its rules itself."""
        if name in self._fired:
            return
        self._fired.add(name)
        if (rule := self._on.get(name)) is not None:
            self._note("fired", rule)

    def _note(self, event: str, rule: KnownRule, **detail: Any) -> None:
        kind = str(rule.fault.kind)
        self._journal.note(What.RULE, at=self._now(), event=event, name=rule.name, kind=kind, **detail)
