"""What a consumer has asked its publisher for and may still get. Asked for twice it comes twice, and behind it waits
what is asked for next: under load such copies beget copies until the two do nothing else.

A question for marks goes the way of the requests that were made before it, through both queues, and its answer comes
behind what they brought. So a request may be made again when a question that left after it is answered, and the
publisher had nothing left by then of what there was when it was made.

Questions are counted and requests kept in the database: a service's replicas take each other's answers, and a restart
forgets nothing. With replicas an answer may overtake what another one is still applying, so that a little of it is
asked for twice.
"""

import sqlalchemy as sa
from sqlmodel import Session

from shared.contracts.envelope import LAST_SEQUENCE
from shared.contracts.marks import MarksTold
from shared.contracts.resend import ResendRequested
from shared.database import connection_of
from shared.tables import inbox_asked, inbox_heard, outbox

GIVEN_UP_AFTER = 20
"""Questions, ten minutes: a request that no answer speaks of is made again, whatever the reason. Its publisher may be
of a version that does not say which question it answers."""
NO_ROW = 2**63 - 1
"""Above every row of an outbox."""

HEARD = sa.select(inbox_heard.c.questions, inbox_heard.c.top).where(
    inbox_heard.c.publisher == sa.bindparam("publisher")
)
ASK = sa.text(
    "INSERT INTO inbox_asked (publisher, subject, questions, top) "
    "VALUES (:publisher, :subject, :questions, :top) ON CONFLICT (publisher, subject) DO NOTHING"
)
ANY = sa.select(inbox_asked.c.subject).where(inbox_asked.c.publisher == sa.bindparam("of")).limit(1)
COUNT = sa.text(
    "INSERT INTO inbox_heard (publisher, position, horizon, questions, top) VALUES (:publisher, 0, 0, 1, 0) "
    "ON CONFLICT (publisher) DO UPDATE SET questions = inbox_heard.questions + 1 RETURNING questions"
)
NOT_LEFT = sa.select(outbox.c.subject).where(
    outbox.c.published_at.is_(None), outbox.c.routing_key == ResendRequested.event_type
)
OVERTAKEN = (
    sa.update(inbox_asked)
    .where(inbox_asked.c.publisher == sa.bindparam("of"), inbox_asked.c.subject.in_(NOT_LEFT))
    .values(questions=sa.bindparam("number"))
)
GIVE_UP = sa.delete(inbox_asked).where(
    inbox_asked.c.publisher == sa.bindparam("of"), inbox_asked.c.questions < sa.bindparam("oldest")
)
ANSWERED = sa.delete(inbox_asked).where(
    inbox_asked.c.publisher == sa.bindparam("of"),
    inbox_asked.c.questions < sa.bindparam("question"),
    inbox_asked.c.top < sa.bindparam("waiting"),
)


def ask(session: Session, publisher: str, subject: str) -> bool:
    """Note that an aggregate's events are asked for; False when what was asked for may be on its way."""
    connection, of = connection_of(session), {"publisher": publisher}
    heard = connection.execute(HEARD, of).first()
    questions, top = heard or (0, 0)
    values = {"subject": subject, "questions": questions, "top": top}
    return connection.execute(ASK, of | values).rowcount == 1


def is_anything_asked(session: Session, publisher: str) -> bool:
    """Whether there are requests, so that the next question needs a name."""
    return connection_of(session).execute(ANY, {"of": publisher}).first() is not None


def name_question(session: Session, publisher: str) -> str:
    """Count a question that is put next; its number is its name. It overtakes requests that wait in our outbox."""
    connection = connection_of(session)
    number = int(connection.execute(COUNT, {"publisher": publisher}).scalar_one())
    connection.execute(OVERTAKEN, {"of": publisher, "number": number})
    connection.execute(GIVE_UP, {"of": publisher, "oldest": number - GIVEN_UP_AFTER})
    return str(number)


def answered(session: Session, publisher: str, told: MarksTold) -> None:
    """Forget the requests whose events are here by now, or lost."""
    waiting = NO_ROW if told.waiting is None else told.waiting
    connection_of(session).execute(
        ANSWERED, {"of": publisher, "question": _number(told.question), "waiting": waiting}
    )


def _number(question: str | None) -> int:
    """0 for the name of a question that is none of ours."""
    if question is None or not (question.isascii() and question.isdigit()):
        return 0
    return min(int(question), LAST_SEQUENCE)
