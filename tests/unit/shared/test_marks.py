"""When the next question follows in a moment, and when it waits for its round."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session

from shared.contracts.marks import MarksTold
from shared.messaging.marks import Found, hear
from shared.tables import metadata

NOW = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)


def heard(*told: MarksTold) -> Found:
    """What the last of these answers comes to."""
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        session = Session(bind=connection)
        found = [
            hear(session, service="enrolment_api", publisher="queue_api", told=each, now=NOW) for each in told
        ]
    engine.dispose()
    return found[-1]


FIRST = MarksTold(after=0, upto=0, top=10, marks={})
"""There are ten rows."""


def test_what_was_asked_for_now_comes_in_a_moment() -> None:
    found = heard(FIRST, MarksTold(after=0, upto=10, top=10, marks={"ticket-1": 3}))
    assert found.missing == {"ticket-1": (1, 3)}
    assert found.comes(before={})


def test_what_is_asked_for_again_and_is_no_less_than_before_waits_for_its_round() -> None:
    missing = {"ticket-1": (1, 3)}
    assert not Found(missing, asked_for=["ticket-1"]).comes(before=missing)
    assert Found(missing, asked_for=["ticket-1"]).comes(before={"ticket-1": (1, 4)})
    assert Found(missing).comes(before=missing), "it is on its way"
    assert not Found({}).comes(before=missing)


def test_a_publisher_that_works_off_what_it_is_asked_about_is_asked_again_in_a_moment() -> None:
    behind = heard(FIRST, MarksTold(after=0, upto=4, top=12, marks={}, waiting=5))
    assert behind.comes(before={})
    assert not heard(FIRST, MarksTold(after=0, upto=10, top=12, marks={}, waiting=11)).comes(before={})
