"""The power goes at an office, and comes back: `ektp run` starts with what the disk has, which is what was promised."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.testing.disk import no_small_disk
from shared.testing.power import Outlet, PoweredDisk, cut_power
from shared.testing.trio import Trio
from shared.testing.waiting import wait_until
from tests.e2e.desk import Desk

WHY_NOT = no_small_disk(PoweredDisk)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
MEGABYTES = 4096


class House:
    """Everything that runs in it."""

    name = "house"

    def __init__(self, trio: Trio) -> None:
        self._pids = trio.pids()  # where that is written will have no power

    def kill(self) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in self._pids))


@pytest.fixture
def disk() -> Iterator[PoweredDisk]:
    with contextlib.closing(PoweredDisk(MEGABYTES)) as made:
        yield made


def test_a_new_office_is_whole_after_a_power_cut(disk: PoweredDisk) -> None:
    home = disk.path / "home"
    home.mkdir()
    with Trio(home) as trio, contextlib.closing(Desk(trio)) as desk:
        ticket, record = desk.serve()
        cut_power([Outlet(House(trio), disk)])
        trio.stop()
        trio.start()
        assert desk.ticket(ticket["code"])["number"] == ticket["number"]
        assert desk.record(record)["status"] != "DRAFT"
        wait_until(lambda: desk.verify()["ok"], within=60)
        _, later = desk.serve()
        wait_until(lambda: desk.record(later)["delivery"] == "ACKNOWLEDGED", within=60)


def test_a_broker_that_cannot_read_its_own_files_begins_anew_and_nothing_is_lost() -> None:
    """RabbitMQ 3.10 never starts again when the power goes within half a minute of its first start."""
    with Trio() as trio, contextlib.closing(Desk(trio)) as desk:
        desk.serve()
        trio.stop()
        (meta,) = (trio.home / "broker" / "mnesia").glob("*/coordination/*/meta.dets")
        meta.write_bytes(b"")
        (trio.home / "broker" / "home" / ".erlang.cookie").write_bytes(b"")
        trio.start()
        assert "begins anew" in trio.log
        kept = trio.home / "broker" / "mnesia" / "set-aside-1"
        assert len(list(kept.glob("*/coordination/*/meta.dets"))) == 1
        ticket, _ = desk.serve()
        wait_until(lambda: desk.ticket(ticket["code"])["state"] == "DONE", within=60)
        wait_until(lambda: desk.verify()["ok"], within=60)
