"""What the centre acknowledged and lost ends there exactly once; what else differs is told and left alone."""

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlmodel import Session
from structlog.testing import capture_logs

from services.enrolment_api.app import create_app
from services.enrolment_api.delivery.centre import CentreClient
from services.enrolment_api.delivery.lost import send_again
from services.enrolment_api.delivery.wire import ExchangeFailed
from services.enrolment_api.link.domain import Failure
from services.enrolment_api.reconciliation import domain, repository, runs, tasks
from services.enrolment_api.reconciliation.asking import compare
from services.enrolment_api.runtime import EnrolmentRuntime
from services.enrolment_api.settings import EnrolmentSettings
from shared.contracts.central import Reconciliation, ReconciliationRequest
from shared.ids import new_id
from shared.leases import drop_lease, take_lease
from shared.migrations import migrate
from shared.packets import BIODATA
from shared.testing.waiting import eventually
from tests.enrolments import complete_record
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.enrolment_api.desk import NGARGOYOSO, Desk, problem

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what does not differ between the databases."""
NIKS = (f"331307{day:02}0798{serial:04}" for serial in range(1, 9999) for day in range(1, 29))


@dataclass
class House:
    """One office's service and the centre, with what the tests do to both."""

    app: FastAPI
    centre: RunningCentre
    supervisor: Desk

    @property
    def runtime(self) -> EnrolmentRuntime:
        return cast(EnrolmentRuntime, self.app.state.runtime)

    @property
    def today(self) -> str:
        return f"{(self.runtime.clock.now() + timedelta(hours=7)):%Y-%m-%d}"

    async def record(self, count: int, *, days_ago: int = 0) -> list[str]:
        """So many completed records of different people, without the fourteen captures of each."""
        at = self.runtime.clock.now() - timedelta(days=days_ago)
        return await self.runtime.database.write(
            lambda session: [self._record(session, at) for _ in range(count)]
        )

    def _record(self, session: Session, now: datetime) -> str:
        record_id, nik = new_id(), next(NIKS)
        biodata = json.dumps({"nik": nik, "biodata": {"name": "Siti Rahayu"}}).encode()
        sealed = self.runtime.vault.sealer.seal(record_id, BIODATA, biodata)
        return complete_record(session, at=now, record_id=record_id, sealed_biodata=sealed)

    async def acknowledged(self, count: int, *, days_ago: int = 0) -> list[str]:
        """So many records that the centre has given its receipt for."""
        ids = await self.record(count, days_ago=days_ago)
        await eventually(lambda: self.all_in("ACKNOWLEDGED"), within=20)
        return ids

    async def all_in(self, state: str) -> bool:
        return {row.state for row in await self.rows("SELECT state FROM delivery")} == {state}

    async def rows(self, statement: str) -> list[Any]:
        return await _rows(self.runtime.database, statement)

    async def at_centre(self, statement: str, **values: Any) -> list[Any]:
        """By hand, in the centre's own database."""
        return await _rows(self.centre.runtime.database, statement, **values)

    async def forget(self, *ids: str) -> None:
        """The centre loses these records and everything of them."""
        for key in ids:
            for table in ("record", "packet", "check_result"):
                await self.at_centre(f"DELETE FROM {table} WHERE key = :key", key=key)  # noqa: S608  # our own names

    async def copy_at_centre(self, key: str, new: str) -> None:
        """The centre holds a record of this office that nobody here has made."""
        table = await self.at_centre("SELECT name FROM pragma_table_info('record') WHERE name != 'key'")
        columns = ", ".join(row.name for row in table)
        copied = f"INSERT INTO record (key, {columns}) SELECT :new, {columns} FROM record WHERE key = :old"  # noqa: S608  # our own names
        await self.at_centre(copied, new=new, old=key)

    async def ask(self) -> dict[str, Any]:
        """A supervisor has today compared; how it stands when that was done."""
        answer = await self.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{self.today}")
        assert answer.status_code == 201, answer.text
        return cast(dict[str, Any], await eventually(self.done, within=20))

    async def show(self, **params: Any) -> dict[str, Any]:
        answer = await self.supervisor.get(f"/v1/offices/{NGARGOYOSO}/reconciliations/{self.today}", **params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["recorded"] == body["acknowledged"] + body["pending"] + body["quarantined"]
        return body

    async def done(self) -> dict[str, Any] | None:
        body = await self.show()
        return body if body["state"] == "DONE" else None

    async def failed(self) -> dict[str, Any] | None:
        body = await self.show()
        return body if body["state"] == "FAILED" else None

    async def link(self, action: str) -> None:
        """Ops pause and resume it."""
        ops = self.supervisor.other(roles=("ops",))
        assert (await ops.post(f"/v1/central-link/{action}")).status_code == 200

    async def verified(self, ids: list[str]) -> dict[str, Any]:
        """What the centre says of our belief."""
        found = await self.rows("SELECT id, packet_sha256 FROM delivery")
        hashes = {row.id: row.packet_sha256 for row in found}
        return await self.centre.verify(records=[{"key": key, "sha256": hashes[key]} for key in ids])


async def _rows(database: Any, statement: str, **values: Any) -> list[Any]:
    def run(session: Session) -> list[Any]:
        result = session.connection().execute(sa.text(statement), values)
        return list(result) if result.returns_rows else []

    return cast(list[Any], await database.write(run))


@pytest.fixture(scope="module")
def migrated_centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("centre") / "central.db"
    migrate("central_mock", f"sqlite:///{path}")
    return path


@pytest.fixture
async def centre(keys: Path, migrated_centre: Path, tmp_path: Path) -> AsyncIterator[RunningCentre]:
    home = tmp_path / "centre"
    home.mkdir()
    url = f"sqlite:///{shutil.copy(migrated_centre, home / 'central.db')}"
    async for each in running(keys, url, home, uniqueness_delay=0.0):
        yield each


@pytest.fixture
async def open_house(
    settings: EnrolmentSettings, centre: RunningCentre, keys: Path
) -> AsyncIterator[Callable[..., Any]]:
    """Opens the office with other settings than the test's own; closes it at the end."""
    entered: list[Any] = []

    async def open_(**changes: Any) -> House:
        changed = {"central_url": f"http://127.0.0.1:{centre.port}", "reconciliation_grace": 0.0} | changes
        if speed := changes.get("clock_speed"):  # else it answers a long poll after the office gave up
            centre.runtime.clock.set(centre.runtime.clock.now(), speed)
        app = create_app(settings.model_copy(update=changed))
        lifespan = app.router.lifespan_context(app)
        await lifespan.__aenter__()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="http://enrolment.test")
        entered.extend((lifespan, http))
        return House(app, centre, Desk(http, keys, subject="kepala", roles=("supervisor",)))

    yield open_
    for each in reversed(entered):
        await each.__aexit__(None, None, None)


@pytest.fixture
async def house(open_house: Callable[..., Any]) -> House:
    return cast(House, await open_house())


async def test_lost_records_are_sent_again_once_and_everything_else_is_only_told(house: House) -> None:
    ids = await house.acknowledged(5)
    lost, other_bytes, stranger = ids[:2], ids[2], new_id()
    before = {
        row.id: row.receipt_number for row in await house.rows("SELECT id, receipt_number FROM delivery")
    }
    await house.forget(*lost)
    await house.at_centre(
        "UPDATE record SET packet_sha256 = :other WHERE key = :key", other="0" * 64, key=other_bytes
    )
    await house.copy_at_centre(ids[4], stranger)
    with capture_logs() as logs:
        body = await house.ask()
    said = {each["event"]: (each["log_level"], each["records"]) for each in logs if "records" in each}
    assert said == {
        "reconciliation.missing": ("error", 2),
        "reconciliation.mismatched": ("error", 1),
        "reconciliation.unexpected": ("error", 1),
    }
    assert b"ektp_records_sent_again_total 2.0" in house.runtime.metrics.exposition()
    found = b'ektp_reconciliation_findings{found="MISSING"} 2.0'  # told once the comparison is on disk
    await eventually(lambda: found in house.runtime.metrics.exposition())
    assert {each: body["centre"][each] for each in ("compared", "missing", "mismatched", "unexpected")} == {
        "compared": 5,
        "missing": 2,
        "mismatched": 1,
        "unexpected": 1,
    }
    told = {(each["record_id"], each["found"], each["done"]) for each in body["findings"] if each["current"]}
    assert told == {
        (lost[0], "MISSING", "SENT_AGAIN"),
        (lost[1], "MISSING", "SENT_AGAIN"),
        (other_bytes, "MISMATCHED", "REPORTED"),
        (stranger, "UNEXPECTED", "REPORTED"),
    }
    standing = {each["id"]: each["at_centre"] for each in body["items"]}
    assert standing == dict.fromkeys(lost, "MISSING") | {other_bytes: "MISMATCHED"} | dict.fromkeys(
        ids[3:], "AGREES"
    )

    await eventually(lambda: house.all_in("ACKNOWLEDGED"), within=20)
    sends = {row.id: row.sends for row in await house.rows("SELECT id, sends FROM delivery")}
    assert sends == {key: 2 if key in lost else 1 for key in ids}
    held = await house.at_centre("SELECT key, receipt_number, applied_times FROM record")
    assert {row.key for row in held} == {*ids, stranger}
    assert all(row.applied_times == 1 for row in held)
    assert all(row.receipt_number != before[row.key] for row in held if row.key in lost)
    assert await house.rows("SELECT records FROM backlog") == [(0,)]
    verdict = await house.verified([*lost, *ids[3:]])
    assert (verdict["lost"], verdict["duplicated"], verdict["mismatched"]) == ([], [], [])


@ON_SQLITE
async def test_asked_again_when_all_is_mended_it_finds_nothing_and_keeps_what_was_found(house: House) -> None:
    (lost,) = await house.acknowledged(1)
    await house.forget(lost)
    await house.ask()
    await eventually(lambda: house.all_in("ACKNOWLEDGED"), within=20)
    body = await house.ask()
    assert body["centre"]["missing"] == 0
    assert [(each["record_id"], each["current"]) for each in body["findings"]] == [(lost, False)]
    assert [each["at_centre"] for each in body["items"]] == ["AGREES"]


async def test_a_day_that_misses_records_makes_the_recorded_day_before_it_due(house: House) -> None:
    (older,) = await house.acknowledged(1, days_ago=5)
    (newer,) = await house.acknowledged(1)
    await house.forget(older, newer)
    await house.ask()
    await eventually(lambda: _held(house, 2), within=20)
    sends = await house.rows("SELECT sends FROM delivery")
    assert [row.sends for row in sends] == [2, 2]


async def test_one_replica_at_a_time_compares(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SHORTEST_PAUSE", 0.05)
    house: House = await open_house(clock_speed=30.0)
    lease = {"name": runs.LEASE, "holder": "another"}
    database = house.runtime.database
    assert await eventually(lambda: database.write(lambda session: take_lease(session, seconds=600, **lease)))
    await house.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}")
    await house.runtime.clock.sleep(2 * tasks.EVERY_SECONDS)
    assert (await house.show())["state"] == "REQUESTED"
    await database.write(lambda session: drop_lease(session, **lease))
    await eventually(house.done, within=20)


async def test_a_replica_that_is_killed_while_it_compares_is_followed_within_its_lease(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SHORTEST_PAUSE", 0.05)
    house: House = await open_house(clock_speed=30.0, reconciliation_interval=1e7)
    await house.acknowledged(1)
    database, now = house.runtime.database, house.runtime.clock.now()

    def begin_and_die(session: Session) -> runs.Run | None:
        if not runs.take_over(session, holder="killed", seconds=1.0, now=now):
            return None
        row = repository.lock_day(session, NGARGOYOSO, date.fromisoformat(house.today))
        row.due_at = now - timedelta(days=1)  # before any other day that may be due
        session.add(row)
        session.flush()
        run = runs.begin(session, now=now)
        # Seen here: the lease of a moment may be over before a look from outside.
        assert (run and run.day, row.state) == (row.day, "RUNNING")
        return run

    assert await eventually(lambda: database.write(begin_and_die))
    body = await eventually(house.done, within=10)
    # far sooner than the row alone would have come up again
    assert datetime.fromisoformat(body["centre"]["compared_at"]) - now < timedelta(
        seconds=domain.RUN_SECONDS / 2
    )


@ON_SQLITE
async def test_a_long_comparison_keeps_its_lease_to_the_end(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LEASE_SECONDS", 0.3)
    house: House = await open_house()
    await house.acknowledged(1)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(client: CentreClient, request: ReconciliationRequest) -> Reconciliation:
        asked.set()
        await answer.wait()
        return await compare(client, request)

    monkeypatch.setattr(tasks, "compare", slow)
    await house.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}")
    await asyncio.wait_for(asked.wait(), 10)
    (first,) = await house.rows("SELECT until FROM lease WHERE name = 'reconciliation'")

    async def renewed_twice() -> bool:
        (now,) = await house.rows("SELECT until FROM lease WHERE name = 'reconciliation'")
        return str(now.until) > str(first.until) and datetime.fromisoformat(str(now.until)) > (
            datetime.fromisoformat(str(first.until)) + timedelta(seconds=0.3)
        )

    await eventually(renewed_twice, within=10)
    answer.set()
    await eventually(house.done, within=20)


async def test_a_comparison_that_was_begun_anew_is_not_ended_by_the_first(house: House) -> None:
    (record,) = await house.acknowledged(1)
    await house.ask()
    database = house.runtime.database
    day = date.fromisoformat(house.today)
    late = runs.Run(NGARGOYOSO, day, house.runtime.clock.now() - timedelta(hours=1))
    before = await house.show()
    await database.write(
        lambda session: runs.fail(
            session, run=late, reason="late", retry_after=None, now=late.at, dice=random.Random(1)
        )
    )
    await database.write(
        lambda session: runs.finish(
            session,
            run=late,
            found=domain.Disagreements([], [], []),
            sent_again=[],
            policy=domain.Policy(),
            now=late.at,
            dice=random.Random(1),
        )
    )
    after = await house.show()
    assert after | {"as_of": ""} == before | {"as_of": ""}
    assert [each["id"] for each in after["items"]] == [record]


async def test_a_day_that_is_asked_for_while_days_get_their_times_is_still_compared_at_once(
    open_house: Callable[..., Any],
) -> None:
    house: House = await open_house(reconciliation_interval=1e7)
    await house.link("pause")  # so that the service's own reconciler keeps out of this
    runtime, now = house.runtime, house.runtime.clock.now()
    times = await runtime.database.read(
        lambda session: runs.plan(
            session, online_since=now, now=now, policy=domain.Policy(), dice=random.Random(1)
        )
    )
    day = date.fromisoformat(house.today)
    assert times[NGARGOYOSO, day] > now
    asked = await house.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}")
    await runtime.database.write(lambda session: runs.schedule(session, days=times))
    assert (await house.show())["due_at"] == asked.json()["due_at"]


@ON_SQLITE
async def test_a_fresh_receipt_is_not_doubted_and_the_day_is_looked_at_again_soon(
    open_house: Callable[..., Any],
) -> None:
    house: House = await open_house(reconciliation_grace=600.0)
    (fresh,) = await house.acknowledged(1)
    await house.forget(fresh)
    body = await house.ask()
    assert body["acknowledged"] == 1 and body["findings"] == []
    due = datetime.fromisoformat(body["due_at"]) - datetime.now(UTC)
    assert timedelta(minutes=10) < due < timedelta(minutes=31)


async def test_after_an_outage_a_restored_centre_is_found_out_by_itself(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "RECOVERY_SPREAD", 0.0)
    monkeypatch.setattr(tasks, "SHORTEST_PAUSE", 0.05)
    house: House = await open_house(clock_speed=30.0, reconciliation_interval=1e7)  # only by the outage's end
    ids = await house.acknowledged(4)
    await eventually(lambda: _decided(house, 4), within=20)
    await house.centre.offline("REFUSE")
    await eventually(lambda: _link(house, "OFFLINE"), within=20)
    await house.forget(*ids[1:])  # the backup has the first record only, and gives its cursors again
    await house.at_centre("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'check_result'")
    (late,) = await house.record(1)  # will be decided under a cursor that we have read past
    await house.centre.online()
    await eventually(lambda: _held(house, 5), within=20)
    await eventually(lambda: house.all_in("ACKNOWLEDGED"), within=20)
    held = await house.at_centre("SELECT applied_times FROM record")
    assert [row.applied_times for row in held] == [1] * 5
    await eventually(lambda: _decided(house, 5), within=20)
    assert (await house.verified([*ids, late]))["lost"] == []


async def _decided(house: House, count: int) -> bool:
    found = await house.rows("SELECT count(*) AS number FROM enrolment WHERE status = 'PRINT_READY_RECORD'")
    return bool(found[0].number == count)


async def _held(house: House, count: int) -> bool:
    return len(await house.at_centre("SELECT key FROM record")) == count


async def _link(house: House, state: str) -> bool:
    return bool((await house.rows("SELECT state FROM link"))[0].state == state)


async def test_the_receipt_and_the_timeline_tell_the_truth_about_a_lost_record(house: House) -> None:
    officer = house.supervisor.other()
    assert (
        await house.centre.control.put("/control/v1/uniqueness", json={"paused": True})
    ).status_code == 200
    recorded = await officer.recorded()
    await eventually(lambda: house.all_in("ACKNOWLEDGED"), within=20)
    await house.link("pause")  # so that the record stays where the comparison puts it
    await _find_missing(house, recorded["id"])
    view = (await officer.get(f"/v1/enrolments/{recorded['id']}")).json()
    assert (view["status"], view["delivery"]) == ("BIO_CAPTURED", "OUTCOME_UNKNOWN")
    assert (view["sent_at"], view["centre_receipt"]) == (None, None)
    hops = [(hop["event"], hop["by"], hop["status"]) for hop in view["timeline"]]
    assert hops[-2:] == [
        ("sent", "centre", "SENT_FOR_ENROLLMENT"),
        ("missing-at-centre", "reconciliation", "BIO_CAPTURED"),
    ]
    assert view["timeline"][-2]["detail"] in view["timeline"][-1]["detail"]
    receipt = (await officer.get(f"/v1/receipts/{recorded['receipt']['code']}")).json()
    assert receipt["safe_here"] and receipt["at_centre_since"] is None
    assert receipt["sentences"][1:] == [
        "Recorded here, not yet at the centre.",
        "The centre had confirmed the record and does not hold it any more; it is sent again by itself.",
    ]


async def _find_missing(house: House, record_id: str) -> None:
    found = await house.rows("SELECT receipt_number FROM delivery")
    now = house.runtime.clock.now()

    def find(session: Session) -> bool:
        return send_again(
            session, record_id=record_id, receipt_number=found[0].receipt_number, older_than=now, now=now
        )

    assert await house.runtime.database.write(find)
    assert not await house.runtime.database.write(find), "twice changes nothing"


@ON_SQLITE
async def test_what_is_asked_for_during_an_outage_is_compared_when_it_is_over(house: House) -> None:
    await house.acknowledged(2)
    await house.link("pause")
    path, key = f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}", str(uuid4())
    first = await house.supervisor.post(path, key=key)
    again = await house.supervisor.post(path, key=key)
    assert (first.status_code, first.json()["state"]) == (201, "REQUESTED")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await house.supervisor.post(path)
    assert other.json()["requested_at"] == first.json()["requested_at"], "one question at a time"
    await house.link("resume")
    body = await eventually(house.done, within=40)
    assert body["centre"]["compared"] == 2 and body["requested_by"] == "kepala"


@ON_SQLITE
async def test_a_comparison_that_fails_says_why_is_tried_again_and_puts_no_link_out(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SHORTEST_PAUSE", 0.05)
    house: House = await open_house(clock_speed=30.0)
    await house.acknowledged(1)
    well, fails = compare, [True]

    async def reconcile(client: CentreClient, request: ReconciliationRequest) -> Reconciliation:
        if fails[0]:
            raise ExchangeFailed(Failure.SERVER_ERROR, sent=True)
        return await well(client, request)

    monkeypatch.setattr(tasks, "compare", reconcile)
    await house.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}")
    assert (await eventually(house.failed))["reason"] == "SERVER_ERROR"
    assert await _link(house, "ONLINE")
    fails[0] = False
    assert (await eventually(house.done, within=20))["reason"] == ""


@ON_SQLITE
async def test_a_day_is_listed_page_by_page_also_when_nobody_asked_for_it(house: House) -> None:
    ids = await house.acknowledged(3)
    first = await house.show(limit=2)
    rest = await house.show(limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None
    assert first["recorded"] == first["acknowledged"] == 3


@ON_SQLITE
async def test_a_day_to_come_and_another_office_are_refused(house: House) -> None:
    tomorrow = f"{(house.runtime.clock.now() + timedelta(days=2)):%Y-%m-%d}"
    answer = await house.supervisor.post(f"/v1/offices/{NGARGOYOSO}/reconciliations/{tomorrow}")
    assert problem(answer, 422, "invalid-input")["errors"][0]["pointer"] == "/path/date"
    problem(await house.supervisor.get(f"/v1/offices/33.20/reconciliations/{house.today}"), 404, "not-found")
    officer = house.supervisor.other()
    problem(
        await officer.get(f"/v1/offices/{NGARGOYOSO}/reconciliations/{house.today}"), 403, "not-permitted"
    )
