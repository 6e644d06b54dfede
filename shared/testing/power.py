"""Power that is cut: what a disk was not made to keep is gone, which no kill of a process can show.

What a killed process wrote is with the kernel, and comes to the disk later. Here the disk itself stops: the ioctl by
which Linux' own file systems are tested for power cuts (EXT4_IOC_SHUTDOWN, `godown` of xfstests) drops everything that
waits to be written, data and journal, and the next mount plays the journal as after a real one.
"""

import fcntl
import os
import shutil
import struct
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.testing.disk import IMAGE, NoSmallDisk, SmallDisk, no_small_disk, run_as_root

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NOTHING_IS_FLUSHED = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH
MEMORY = Path("/dev/shm")  # noqa: S108  # the directory is made by mkdtemp
LET_GO_WITHIN = 5.0
POLL = 0.02


class PoweredDisk(SmallDisk):
    """A file system of its own, ext4 on a file, whose power can be cut.

    The file is in memory where there is room: what it costs is the way through a real file system, 0.2 ms an fsync.
    """

    def cut_power(self) -> None:
        """From now on nothing reaches it: who syncs is told of an I/O error, who does not has lost what he wrote."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, NOTHING_IS_FLUSHED)
        finally:
            os.close(directory)
        self._timeline.note(self.owner, "power cut: the disk has what was synced", fault="power cut")

    def restore_power(self) -> None:
        """Mount it as it was left. Raises NoSmallDisk when somebody still has files of it open after some seconds."""
        deadline = time.monotonic() + LET_GO_WITHIN
        while True:
            try:
                run_as_root("umount", str(self.path))
                break
            except NoSmallDisk:
                if time.monotonic() > deadline:
                    raise
            time.sleep(POLL)
        self._mount()
        self._timeline.note(self.owner, "power is back")

    def sync(self) -> None:
        """Bring everything to the disk: what was set up here was so long before the power went."""
        run_as_root("sync", "--file-system", str(self.path))

    def _where(self) -> str | None:
        roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30
        return str(MEMORY) if roomy else tempfile.gettempdir()

    def _make(self, megabytes: int) -> None:
        image = self.home / IMAGE
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        run_as_root("mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", str(image))
        self._mount()
        self.path.chmod(0o755)

    def _mount(self) -> None:
        # Without `discard`: blocks of a file whose deletion was never committed would be emptied all the same.
        run_as_root("mount", "-o", "loop", str(self.home / IMAGE), str(self.path))


class Powered(Protocol):
    """What runs on a disk and ends with its power."""

    name: str

    def kill(self) -> None:
        """End it at once (kill -9)."""


@dataclass(frozen=True)
class Outlet:
    """Who loses power, with which disk: what keeps nothing itself has none."""

    part: Powered
    disk: PoweredDisk | None = None


def cut_power(outlets: Iterable[Outlet]) -> None:
    """Cut the power of all of them and give it back; nobody is started.

    The disks go first: who still answers in these milliseconds can only promise what is on them already.
    """
    together = list(outlets)
    disks = [outlet.disk for outlet in together if outlet.disk is not None]
    try:
        for disk in disks:
            disk.cut_power()
        for outlet in together:
            outlet.part.kill()
    finally:
        for disk in disks:
            disk.restore_power()


def powered_disk(megabytes: int, owner: str) -> PoweredDisk | None:
    """Such a disk where this machine mounts one: what is done on it can be done without."""
    return None if no_small_disk(PoweredDisk) else PoweredDisk(megabytes, owner=owner)
