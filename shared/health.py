"""Liveness and readiness: each dependency and background task, its state and since when.

A broker or a centre that is down does not make a service unready: it is what the service is built for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import Clock


@dataclass
class Component:
    """One dependency or task as it is now."""

    state: str
    since: datetime
    needed: bool
    detail: str = ""

    @property
    def failing(self) -> bool:
        """Whether it makes the service unready."""
        return self.needed and self.state != "UP"


class Health:
    """The board that tasks write on and `/health/ready` reads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._components: dict[str, Component] = {}

    def set(self, name: str, state: str, *, needed: bool = False, detail: str = "") -> None:
        """Note a component's state; `since` moves only when the state changes."""
        known = self._components.get(name)
        if known is not None and known.state == state:
            known.detail, known.needed = detail, needed
            return
        self._components[name] = Component(state, self._clock.now(), needed, detail)

    @property
    def ready(self) -> bool:
        """Whether everything that is needed is up."""
        return not any(component.failing for component in self._components.values())

    def report(self) -> dict[str, Any]:
        """What `/health/ready` answers."""
        return {
            "status": "ready" if self.ready else "unready",
            "components": {
                name: {"state": each.state, "since": each.since.isoformat(), "detail": each.detail}
                for name, each in sorted(self._components.items())
            },
        }
