"""What ops ordered and a restart must not forget: the uniqueness check's policy, the fault that is on."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session

from services.central_mock.registry import CentreModel
from shared.database import UtcDateTime


class StandingOrder(CentreModel, table=True):
    """One order in force, with who gave it and when."""

    __tablename__ = "standing_order"

    name: str = Field(primary_key=True, max_length=50)
    value: dict[str, Any] = Field(sa_type=sa.JSON)
    given_at: datetime = Field(sa_type=UtcDateTime)
    given_by: str = Field(max_length=200)


def give_order(session: Session, *, name: str, value: dict[str, Any], at: datetime, by: str) -> None:
    """Put an order in force, in place of the one before."""
    session.merge(StandingOrder(name=name, value=value, given_at=at, given_by=by))


def withdraw_order(session: Session, *, name: str) -> None:
    """The order no longer holds."""
    if order := session.get(StandingOrder, name):
        session.delete(order)


def find_order(session: Session, name: str) -> StandingOrder | None:
    """The order in force, if there is one."""
    return session.get(StandingOrder, name)
