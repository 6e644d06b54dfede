"""A disk that is really full, and gone when its owner is."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from shared.testing.disk import SmallDisk, no_small_disk
from shared.testing.waiting import wait_until

OWNER = """
import sys
from shared.testing.disk import SmallDisk
print(SmallDisk(1).path, flush=True)
sys.stdin.read()
"""


def test_a_full_disk_takes_no_byte_and_a_freed_one_does(small_disk: SmallDisk) -> None:
    there = small_disk.path / "there"
    there.write_bytes(b"x" * 10_000)
    small_disk.fill()
    assert small_disk.is_full
    with pytest.raises(OSError) as refused, (small_disk.path / "more").open("wb", buffering=0) as more:
        more.write(b"x" * 10_000)
    assert refused.value.errno == errno.ENOSPC
    assert there.read_bytes() == b"x" * 10_000
    small_disk.free()
    (small_disk.path / "more").write_bytes(b"x" * 10_000)


def test_some_room_can_be_left(small_disk: SmallDisk) -> None:
    small_disk.fill(leaving=100_000)
    assert 90_000 <= small_disk.free_bytes <= 110_000


def test_a_disk_is_unmounted_though_its_owner_was_killed() -> None:
    if reason := no_small_disk():
        pytest.skip(reason)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().decode().strip())
        assert path.is_mount()
        owner.kill()
    wait_until(lambda: not path.exists())
