"""How far the centre's decisions have been fetched, and whether the centre's list is still the one we read.

A centre that was restored from a backup gives its cursors a second time, to other decisions: ours would lie ahead of
it and everything up to there would be lost in silence. So the last decision is remembered with the cursor before it;
asked from there, the centre must give it again. If it does not, all is read again from the start, which changes
nothing for what is known.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.enrolment_api.delivery.models import ResultCursor
from services.enrolment_api.recording.progress import resolve
from shared.contracts.central import Result, Results
from shared.database import connection_of
from shared.failpoints import fail_point_after

NAME = "results"
SAVE = sa.text(
    "INSERT INTO result_cursor (name, after, before, last_seen) VALUES (:name, :after, :before, :last_seen) "
    "ON CONFLICT (name) DO UPDATE SET after = excluded.after, before = excluded.before, "
    "last_seen = excluded.last_seen"
)


@dataclass(frozen=True)
class Position:
    """Where we are in the centre's list: the cursor, the one before the last decision, and that decision's digest."""

    after: str = ""
    before: str = ""
    last_seen: str = ""


def digest(result: Result) -> str:
    """What tells a decision from every other, also from another one under its cursor."""
    return hashlib.sha256(result.model_dump_json().encode()).hexdigest()


def position_after(asked_after: str, results: Results) -> Position:
    """Where a page leads. Without a last decision that ends it there is nothing to compare with later."""
    last = results.results[-1]
    if results.next_after != last.cursor:
        return Position(results.next_after)
    earlier = [each.cursor for each in results.results if each.cursor != last.cursor]
    return Position(results.next_after, earlier[-1] if earlier else asked_after, digest(last))


def is_still_there(position: Position, page: Results) -> bool:
    """Whether a page that was asked for after `position.before` holds the last decision we know."""
    return any(digest(each) == position.last_seen for each in page.results)


def load_position(session: Session, *, lock: bool = False) -> Position:
    """How far decisions were fetched; the start before there was one."""
    found = select(ResultCursor).where(col(ResultCursor.name) == NAME)
    row = session.exec(found.with_for_update() if lock else found).first()
    return Position(row.after, row.before, row.last_seen) if row else Position()


def save_position(session: Session, position: Position) -> None:
    """Fetched this far."""
    values = {"after": position.after, "before": position.before, "last_seen": position.last_seen}
    connection_of(session).execute(SAVE, {"name": NAME} | values)


@fail_point_after("results.before-commit")
def take_results(session: Session, *, results: Results, asked_after: str, now: datetime) -> int:
    """Apply the centre's decisions and move on in one transaction; returns how many there were.

    What was asked for before somebody sent us back to the start, or another replica went on, moves nothing.
    """
    position = load_position(session, lock=True)
    for each in results.results:
        resolve(
            session,
            record_id=each.key,
            decision=each.decision,
            decided_at=each.decided_at,
            reason=each.reason,
            now=now,
        )
    if position.after == asked_after:
        save_position(session, position_after(asked_after, results))
    return len(results.results)


def rewind(session: Session, *, seen: Position) -> bool:
    """Read from the start again; False when somebody has moved since `seen`."""
    if load_position(session, lock=True) != seen:
        return False
    save_position(session, Position())
    return True


def read_again(session: Session) -> None:
    """Read from the start again: a centre that lost records may have lost decisions too.

    Asking for the last one says nothing then: when the loss is found, later decisions may have been read under
    cursors that were given a second time.
    """
    save_position(session, Position())
