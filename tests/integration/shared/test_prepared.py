"""A prepared statement gives and takes what SQLAlchemy would, on both databases, in a transaction and outside."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.database import Database, DatabaseUnavailable, UtcDateTime, open_database
from shared.prepared import Prepared
from shared.tables import lease, outbox

AT = datetime(2016, 9, 16, 8, 30, tzinfo=timezone(timedelta(hours=7)))
ROW: dict[str, Any] = {
    "exchange": "ektp.events",
    "routing_key": "queue.ticket.called.v1",
    "event_id": "1",
    "subject": "26",
    "sequence": 1,
    "body": b"\x00\xff",
    "headers": {"x-parked-reason": "a ' quote"},
    "created_at": AT,
}
APPEND = Prepared(sa.insert(outbox), columns=tuple(ROW))
FOUND = Prepared(
    sa.select(outbox.c.subject, outbox.c.body, outbox.c.headers, outbox.c.created_at, outbox.c.published_at)
    .where(outbox.c.subject == sa.bindparam("wanted"), outbox.c.sequence == 1)
    .order_by(outbox.c.id)
)
COUNTED = Prepared(
    sa.text(
        "INSERT INTO event_sequence (subject, last) VALUES (:subject, 1) "
        "ON CONFLICT (subject) DO UPDATE SET last = event_sequence.last + 1 RETURNING last"
    )
)
TAKE = Prepared(sa.insert(lease), columns=("name", "holder", "until"))
EXTEND = Prepared(
    sa.update(lease)
    .where(lease.c.name == sa.bindparam("of"))
    .values(until=sa.bindparam("later", type_=UtcDateTime))
)


async def test_types_go_in_and_come_back(database: Database) -> None:
    def work(session: Session) -> Any:
        APPEND.run(session, ROW)
        APPEND.run(session, ROW | {"headers": None})
        return FOUND.rows(session, {"wanted": "26"})

    written = await database.write(work)
    read = await database.read(lambda session: FOUND.rows(session, {"wanted": "26"}))
    for rows in (written, read):
        assert [row.headers for row in rows] == [ROW["headers"], None]
        assert (rows[0].subject, bytes(rows[0].body)) == ("26", b"\x00\xff")
        assert rows[0].created_at == AT
        assert rows[0].created_at.tzinfo is not None
        assert rows[0].published_at is None


async def test_what_is_not_there_is_none(database: Database) -> None:
    def work(session: Session) -> tuple[Any, Any]:
        return FOUND.first(session, {"wanted": "0"}), FOUND.scalar(session, {"wanted": "0"})

    assert await database.write(work) == (None, None)
    assert await database.read(work) == (None, None)


async def test_a_text_that_returns_counts_on(database: Database) -> None:
    def work(session: Session) -> list[Any]:
        return [COUNTED.scalar(session, {"subject": "26"}) for _ in range(3)]

    assert await database.write(work) == [1, 2, 3]


async def test_it_is_undone_with_its_use_case(database: Database) -> None:
    def work(session: Session) -> None:
        APPEND.run(session, ROW)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.write(work)
    assert await database.read(lambda session: FOUND.rows(session, {"wanted": "26"})) == []


async def test_errors_are_sqlalchemys_and_say_no_parameter(database: Database) -> None:
    def work(session: Session) -> None:
        for _ in range(2):
            TAKE.run(session, {"name": "probe", "holder": "3313074506980001", "until": AT})

    with pytest.raises(sa.exc.IntegrityError) as raised:
        await database.write(work)
    assert database.dialect == "postgresql" or "3313074506980001" not in str(raised.value)


async def test_an_update_converts_its_values(database: Database) -> None:
    later = datetime(2016, 9, 16, 2, 0, tzinfo=UTC)

    def work(session: Session) -> Any:
        TAKE.run(session, {"name": "probe", "holder": "a", "until": AT})
        EXTEND.run(session, {"of": "probe", "later": later})
        return session.connection().execute(sa.select(lease.c.until)).scalar_one()

    assert await database.write(work) == later


async def test_a_missing_table_is_an_unavailable_database_on_sqlite(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    gone = Prepared(sa.text("SELECT 1 FROM nowhere"))
    with pytest.raises(DatabaseUnavailable):
        await database.write(lambda session: gone.run(session, {}))
    await database.close()
