"""The scenarios that ops have defined, kept as standing orders."""

from sqlmodel import Session, col, select

from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.orders import StandingOrder

PREFIX = "scenario:"


def order_of(name: str) -> str:
    """The standing order that keeps a definition."""
    return PREFIX + name


def find_defined(session: Session, name: str) -> Scenario | None:
    """A scenario that ops have defined."""
    order = session.get(StandingOrder, order_of(name))
    return None if order is None else Scenario.model_validate(order.value)


def all_defined(session: Session) -> list[Scenario]:
    """All of them, by name."""
    orders = session.exec(
        select(StandingOrder)
        .where(col(StandingOrder.name).startswith(PREFIX, autoescape=True))
        .order_by(col(StandingOrder.name))
    )
    return [Scenario.model_validate(order.value) for order in orders]
