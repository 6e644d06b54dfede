"""What may be on its way is not asked for again; what was lost is, once a later question has come back."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.clock import SystemClock
from shared.contracts.envelope import Outgoing
from shared.contracts.marks import MarksTold
from shared.contracts.resend import ResendRequested
from shared.messaging.asked import GIVEN_UP_AFTER, answered, ask, is_anything_asked, name_question
from shared.messaging.marks import hear
from shared.messaging.outbox import enqueue, mark_published, unpublished
from shared.tables import metadata

PUBLISHER = "queue_api"


@pytest.fixture
def session() -> Iterator[Session]:
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        session = Session(bind=connection)
        answer(session, None)  # the publisher's tenth row is its last
        yield session
    engine.dispose()


def told(question: str | None, *, waiting: int | None = None, top: int = 10) -> MarksTold:
    return MarksTold(after=0, upto=0, top=top, marks={}, waiting=waiting, question=question)


def answer(session: Session, question: str | None, *, waiting: int | None = None, top: int = 10) -> None:
    said = told(question, waiting=waiting, top=top)
    hear(session, service="enrolment_api", publisher=PUBLISHER, told=said, now=SystemClock().now())


def question(session: Session) -> str:
    return name_question(session, PUBLISHER)


def may_be_asked(session: Session, subject: str = "ticket-1") -> bool:
    return ask(session, PUBLISHER, subject)


def enqueue_request(session: Session, subject: str) -> None:
    data = ResendRequested(to=PUBLISHER, subject=subject, first=1, last=1)
    at = SystemClock().now()
    enqueue(session, "enrolment_api", Outgoing(subject=subject, office="", at=at, data=data, ordered=False))


def publish_all(session: Session) -> None:
    mark_published(session, [row.id for row in unpublished(session, 100)], SystemClock().now())


def test_what_was_asked_for_is_not_asked_for_again_by_anybody(session: Session) -> None:
    assert may_be_asked(session)
    assert not may_be_asked(session)
    assert ask(session, "enrolment_api", "ticket-1"), "another publisher's is another thing"


def test_an_answer_to_a_question_that_left_before_the_request_says_nothing_of_it(session: Session) -> None:
    before = question(session)
    may_be_asked(session)
    answer(session, before)
    assert not may_be_asked(session)


def test_an_answer_to_a_question_that_left_after_it_does(session: Session) -> None:
    may_be_asked(session)
    answer(session, question(session))
    assert not is_anything_asked(session, PUBLISHER)
    assert may_be_asked(session)


def test_a_question_overtakes_the_requests_that_wait_in_our_own_outbox_and_only_these(
    session: Session,
) -> None:
    may_be_asked(session, "left")
    enqueue_request(session, "waits")
    may_be_asked(session, "waits")
    answer(session, question(session))
    assert may_be_asked(session, "left")
    assert not may_be_asked(session, "waits")
    publish_all(session)
    answer(session, question(session))
    assert may_be_asked(session, "waits")


def test_what_the_publisher_has_still_to_publish_again_is_on_its_way(session: Session) -> None:
    may_be_asked(session)
    answer(session, question(session), waiting=4)
    assert not may_be_asked(session)
    answer(session, question(session), waiting=11, top=12)  # younger than the request
    assert may_be_asked(session)


@pytest.mark.parametrize("name", [None, "0", "", "²", "01a208e4-aeca-773b-abe6-33c70b4c355b", "-5"])
def test_answers_of_older_publishers_and_to_questions_of_others_say_nothing(
    session: Session, name: str | None
) -> None:
    may_be_asked(session)
    question(session)
    said = told(None).model_copy(update={"question": name})
    answered(session, PUBLISHER, said)
    assert not may_be_asked(session)


def test_what_no_answer_speaks_of_is_asked_for_again_after_a_while(session: Session) -> None:
    may_be_asked(session)
    for _ in range(GIVEN_UP_AFTER):
        question(session)
    assert not may_be_asked(session)
    question(session)
    assert may_be_asked(session)
