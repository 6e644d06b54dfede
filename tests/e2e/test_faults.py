"""The faults an office lives through, on the running trio: a clear answer each time, and nothing lost."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from shared.messaging.node import BrokerNode
from shared.testing import erlang
from shared.testing.broker import running_broker
from shared.testing.disk import SmallDisk, no_small_disk
from shared.testing.trio import Trio
from shared.testing.waiting import wait_until
from tests.e2e.desk import OFFICE, Desk

SPEED = 360.0


@pytest.fixture(scope="module")
def node() -> Iterator[BrokerNode]:
    with running_broker() as running:
        yield running


@pytest.fixture(scope="module")
def trio(node: BrokerNode) -> Iterator[Trio]:
    """With a broker of the test's own, which nobody restarts behind its back."""
    with Trio(BROKER_URL=node.url) as started:
        yield started


@pytest.fixture(scope="module")
def counter(trio: Trio) -> Iterator[Desk]:
    """One for all tests: the centre is asked about everything that was ever recorded here."""
    with contextlib.closing(Desk(trio)) as opened:
        yield opened


@pytest.fixture
def desk(counter: Desk, node: BrokerNode) -> Desk:
    if not node.is_running():
        node.start()
    node.wait_ready()
    return counter


def looked_up(trio: Trio, database: str, statement: str) -> Any:
    """Look into a service's database as nobody but a test may."""
    engine = sa.create_engine(f"sqlite:///{trio.home / database}.db")
    with engine.connect() as connection:
        found = connection.execute(sa.text(statement)).scalar_one()
    engine.dispose()
    return found


def rows(trio: Trio, database: str, statement: str) -> int:
    return int(looked_up(trio, database, statement))


def unpublished(trio: Trio, database: str) -> int:
    return rows(trio, database, "SELECT count(*) FROM outbox WHERE published_at IS NULL")


def settled(desk: Desk) -> Callable[[], bool]:
    """Every record that a client holds a receipt of is at the centre, once."""

    def check() -> bool:
        found = desk.verify()
        return bool(found["ok"]) and found["at_centre"] == len(desk.recorded)

    return check


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_an_hour_without_the_broker_costs_nothing(trio: Trio, desk: Desk, node: BrokerNode) -> None:
    desk.serve()
    desk.set_clocks(datetime.now(UTC).isoformat(), SPEED)
    try:
        node.kill()
        began = datetime.fromisoformat(desk.link()["as_of"])
        called = []
        while datetime.fromisoformat(desk.link()["as_of"]) - began < timedelta(hours=1):
            ticket, _ = desk.serve()  # which finishes the one before by hand
            called.append(ticket)
        last, _ = desk.serve()  # left at the counter: only the event can finish it
        assert unpublished(trio, "queue") > len(called)
        assert unpublished(trio, "enrolment") > len(called)
        assert is_ready(trio.queue_url)
        assert is_ready(trio.enrolment_url)
        assert desk.ticket(last["code"])["state"] == "SERVING"
        node.start()
        node.wait_ready()
        wait_until(lambda: desk.ticket(last["code"])["state"] == "DONE", within=60)
        wait_until(lambda: unpublished(trio, "queue") + unpublished(trio, "enrolment") == 0, within=60)
        wait_until(settled(desk), within=60)
    finally:
        desk.set_clocks(None)


def test_a_broker_killed_between_two_citizens_delays_no_one(trio: Trio, desk: Desk, node: BrokerNode) -> None:
    desk.serve()
    node.kill()
    second, _ = desk.serve()
    node.start()
    node.wait_ready()
    wait_until(lambda: desk.ticket(second["code"])["state"] == "DONE", within=60)


def test_a_broker_that_lost_everything_is_no_loss(trio: Trio, desk: Desk, node: BrokerNode) -> None:
    """What it had confirmed, and nobody had taken, is asked for again."""
    ticket, record = desk.serve(to_the_end=False)
    desk.set_clocks(datetime.now(UTC).isoformat(), SPEED)
    trio.signal("queue_api", signal.SIGSTOP)
    try:
        erlang.ask(node, erlang.CLOSE_CONNECTIONS)
        desk.complete(record)
        wait_until(lambda: unpublished(trio, "enrolment") == 0, within=60)
        node.kill()
        node.set_aside()
    finally:
        trio.signal("queue_api", signal.SIGCONT)
    try:
        node.start()
        node.wait_ready()
        wait_until(lambda: desk.ticket(ticket["code"])["state"] == "DONE", within=60)
        wait_until(settled(desk), within=60)
    finally:
        desk.set_clocks(None)


@pytest.mark.parametrize("service", ["queue_api", "enrolment_api", "central_mock"])
def test_a_service_killed_at_work_keeps_what_it_answered(trio: Trio, desk: Desk, service: str) -> None:
    ticket, record = desk.serve()
    old = trio.kill(service)
    trio.wait_restarted(service, old)
    for url in (trio.queue_url, trio.enrolment_url, trio.control_url):
        wait_until(lambda url=url: is_ready(url), within=60)  # type: ignore[misc]  # bound by its default
    assert desk.record(record)["status"] != "DRAFT"
    wait_until(lambda: desk.ticket(ticket["code"])["state"] == "DONE", within=60)
    wait_until(settled(desk), within=60)


def test_recording_takes_no_longer_while_the_centre_hangs(trio: Trio, desk: Desk) -> None:
    desk.centre("offline", mode="HANG", **{"for": "PT5M"})
    try:
        wait_until(lambda: desk.link()["state"] in {"OFFLINE", "DEGRADED"}, within=90)
        ticket, record = desk.serve()
        assert desk.record(record)["status"] == "BIO_CAPTURED"
        wait_until(lambda: desk.ticket(ticket["code"])["state"] == "DONE", within=30)
    finally:
        desk.centre("online")
    wait_until(settled(desk), within=120)


def test_a_frozen_service_thaws_where_it_was(trio: Trio, desk: Desk) -> None:
    trio.signal("enrolment_api", signal.SIGSTOP)
    try:
        ticket = desk.take_ticket()
        assert ticket["state"] == "WAITING"
        desk.act(ticket["id"], "cancel")
    finally:
        trio.signal("enrolment_api", signal.SIGCONT)
    _, record = desk.serve()
    wait_until(lambda: desk.record(record)["status"] != "BIO_CAPTURED", within=60)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 48 MB, where the machine lets us mount one."""
    if reason := no_small_disk():
        pytest.skip(reason)
    with contextlib.closing(SmallDisk(48)) as disk:
        yield disk.path


def test_a_full_disk_is_a_clear_answer_and_what_was_answered_is_kept(small_disk: Path) -> None:
    home = small_disk / "home"
    home.mkdir()
    with (
        running_broker() as other_node,  # two trios on one broker would eat each other's events
        Trio(home, BROKER_URL=other_node.url) as trio,
        contextlib.closing(Desk(trio)) as desk,
    ):
        _, kept = desk.serve()
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(64 * 1024 * 1024))
        refused = wait_until(lambda: refusal(desk), within=30, saying="a write is refused")
        assert refused is not None
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert "Retry-After" in refused.headers
        filler.unlink()
        wait_until(lambda: is_ready(trio.queue_url) and is_ready(trio.enrolment_url), within=60)
        wait_until(lambda: desk.record(kept)["status"] != "DRAFT", within=30)
        wait_until(lambda: refusal(desk) is None, within=30, saying="writing works again")


def refusal(desk: Desk) -> httpx.Response | None:
    """Take numbers until one is refused; None when none is."""
    for _ in range(50):
        answer = desk.queue.post(
            f"/v1/offices/{OFFICE}/tickets", headers=desk.headers(), json={"service": "ENROLMENT"}
        )
        if answer.status_code != 201:
            return answer
    return None


def test_a_power_cut_is_found_after_the_start_and_stands_in_the_ledger(trio: Trio, desk: Desk) -> None:
    desk.set_clocks(datetime.now(UTC).isoformat(), SPEED)
    try:
        begun = _last_beat(trio)
        wait_until(lambda: _last_beat(trio) > begun, within=20, saying="it beats by this clock")
        trio.wait_restarted("enrolment_api", trio.kill("enrolment_api"))
        wait_until(lambda: bool(_power_cuts(desk)), within=30, saying="the cut is in the ledger")
        (cut,) = _power_cuts(desk)
        lasted = datetime.fromisoformat(cut["until"]) - datetime.fromisoformat(cut["since"])
        assert lasted > timedelta(seconds=60)
    finally:
        desk.set_clocks(None)


def _last_beat(trio: Trio) -> str:
    return str(looked_up(trio, "enrolment", "SELECT max(at) FROM heartbeat"))


def _power_cuts(desk: Desk) -> list[dict[str, str]]:
    found = desk.queue.get(f"/v1/offices/{OFFICE}/outages", headers=desk.headers()).json()["items"]
    return [each for each in found if each["hop"] == "POWER"]
