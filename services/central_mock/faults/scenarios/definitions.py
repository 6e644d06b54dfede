"""Defining scenarios, and finding them: those of the files and those that ops have defined."""

from datetime import datetime

from sqlmodel import Session

from services.central_mock.faults.scenarios.presets import presets
from services.central_mock.faults.scenarios.repository import all_defined, find_defined, order_of
from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.orders import find_order, give_order, withdraw_order
from shared.problems import Conflict, NotFound


def define(session: Session, *, scenario: Scenario, at: datetime, by: str) -> bool:
    """Keep a scenario in place of the one of that name; whether it is new."""
    _not_a_preset(scenario.name)
    order = order_of(scenario.name)
    new = find_order(session, order) is None
    value = scenario.model_dump(mode="json", by_alias=True)
    give_order(session, name=order, value=value, at=at, by=by)
    return new


def forget(session: Session, *, name: str) -> None:
    """A scenario is defined no more."""
    _not_a_preset(name)
    find(session, name=name)
    withdraw_order(session, name=order_of(name))


def find(session: Session, *, name: str) -> Scenario:
    """A scenario by its name. Raises NotFound."""
    scenario = presets().get(name) or find_defined(session, name)
    if scenario is None:
        raise NotFound(f"No scenario is called {name!r}")
    return scenario


def find_all(session: Session) -> list[Scenario]:
    """All scenarios by name."""
    return sorted([*presets().values(), *all_defined(session)], key=lambda each: each.name)


def _not_a_preset(name: str) -> None:
    if name in presets():
        raise Conflict(f"'{name}' comes with the centre and stays as its source has it; take another name")
