"""A node that can't start is tried again, then without what it kept; what it kept is never gone."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from services.ektp.launch.broker import bring_up
from shared.messaging.node import BrokerFailed, BrokerNode

ENDS, HANGS, STARTS, NO_ROOM = "ends", "hangs", "starts", "no room"


class PlayedNode(BrokerNode):
    """Does at each start what it is told to, and keeps a file."""

    def __init__(self, home: Path, *plays: str) -> None:
        super().__init__(home, port=1)
        self.plays = list(plays)
        self.played = ""
        self.keep("queues")

    def keep(self, text: str) -> None:
        folder = self.home / "mnesia" / "ektp@localhost"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kept").write_text(text)

    @property
    def kept(self) -> list[str]:
        return sorted(path.read_text() for path in (self.home / "mnesia").glob("*/kept"))

    def start(self) -> None:
        self.played = self.plays.pop(0)
        if self.played == NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if not (self.home / "mnesia" / "ektp@localhost").exists():
            self.keep("nothing")

    def is_running(self) -> bool:
        return self.played != ENDS

    def wait_ready(self, within: float = 0.0) -> None:
        if self.played != STARTS:
            raise BrokerFailed(f"it {self.played} within {within:g} s")


async def test_a_node_that_ended_once_keeps_what_it_has(tmp_path: Path) -> None:
    said: list[str] = []
    node = PlayedNode(tmp_path, ENDS, STARTS)
    await bring_up(node, said.append, 1.0)
    assert node.kept == ["queues"]
    assert said == ["it ends within 1 s"]


async def test_a_node_that_ended_twice_begins_anew_and_says_where_it_was(tmp_path: Path) -> None:
    said: list[str] = []
    node = PlayedNode(tmp_path, ENDS, ENDS, STARTS)
    await bring_up(node, said.append, 1.0)
    aside = tmp_path / "mnesia" / "set-aside-1"
    assert node.kept == ["nothing"]
    assert (aside / "ektp@localhost" / "kept").read_text() == "queues"
    assert str(aside) in said[-1]


async def test_a_second_time_is_set_aside_beside_the_first(tmp_path: Path) -> None:
    node = PlayedNode(tmp_path, ENDS, ENDS, STARTS, ENDS, ENDS, STARTS)
    for _ in range(2):
        await bring_up(node, lambda _text: None, 1.0)
    assert sorted(path.read_text() for path in tmp_path.glob("mnesia/set-aside-*/*/kept")) == [
        "nothing",
        "queues",
    ]


async def test_a_third_is_set_aside_though_somebody_took_the_first_away(tmp_path: Path) -> None:
    node = PlayedNode(tmp_path, *(ENDS, ENDS, STARTS) * 3)
    for number in range(3):
        await bring_up(node, lambda _text: None, 1.0)
        if number == 1:
            shutil.rmtree(tmp_path / "mnesia" / "set-aside-1")
    assert {path.name for path in tmp_path.glob("mnesia/set-aside-*")} == {"set-aside-1", "set-aside-2"}


async def test_a_full_disk_is_a_failure_like_others_and_moves_nothing(tmp_path: Path) -> None:
    """The supervisor waits and tries again; it must not end for it."""
    node = PlayedNode(tmp_path, NO_ROOM)
    with pytest.raises(BrokerFailed, match="No space left"):
        await bring_up(node, lambda _text: None, 1.0)
    assert node.kept == ["queues"]


async def test_what_was_set_aside_for_nothing_is_put_back(tmp_path: Path) -> None:
    """A port that is taken, a full disk: not its files are the matter."""
    node = PlayedNode(tmp_path, ENDS, ENDS, ENDS)
    with pytest.raises(BrokerFailed):
        await bring_up(node, lambda _text: None, 1.0)
    assert node.kept == ["queues"]
    assert not list((tmp_path / "mnesia").glob("set-aside-*"))


async def test_a_node_that_only_takes_its_time_is_left_alone(tmp_path: Path) -> None:
    node = PlayedNode(tmp_path, HANGS)
    with pytest.raises(BrokerFailed):
        await bring_up(node, lambda _text: None, 1.0)
    assert node.kept == ["queues"]
