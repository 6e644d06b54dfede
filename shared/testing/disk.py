"""A disk that can be full: a small tmpfs, unmounted by a process of its own even when the test is killed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.testing.timeline import Timeline

BALLAST = ".ballast"
# It holds the other end of our pipe: when we end, however we end, it reads the end and cleans up.
LAST_WILL = 'read -r _; umount -l "$1"; rmdir "$1"'


class NoSmallDisk(RuntimeError):
    """This machine mounts no tmpfs for us; the message says why."""


class SmallDisk:
    """A file system of a few megabytes at `path`."""

    def __init__(self, megabytes: int, *, timeline: Timeline | None = None, owner: str = "disk") -> None:
        """Mount it. Raises NoSmallDisk where that is not allowed (it takes root)."""
        self._timeline, self._owner = timeline or Timeline(), owner
        self.path = Path(tempfile.mkdtemp(prefix="ektp-disk-"))
        self.path.chmod(0o755)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(self.path)]
        try:
            subprocess.run(mount, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.path.rmdir()
            said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise NoSmallDisk(f"no tmpfs can be mounted here: {said}") from error
        self._heir = subprocess.Popen(
            ["sh", "-c", LAST_WILL, "heir", str(self.path)], stdin=subprocess.PIPE, start_new_session=True
        )

    @property
    def free_bytes(self) -> int:
        """What is left."""
        return shutil.disk_usage(self.path).free

    @property
    def is_full(self) -> bool:
        """Whether the ballast is there."""
        return (self.path / BALLAST).exists()

    def fill(self, leaving: int = 0) -> None:
        """Take everything but so many bytes; every write from now on says that there is no room."""
        with (self.path / BALLAST).open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while (room := self.free_bytes - leaving) > 0:
                ballast.write(bytes(min(room, 1 << 20)))
        self._timeline.note(self._owner, f"disk full, {self.free_bytes} bytes left", fault="disk full")

    def free(self) -> None:
        """Give it back."""
        if self.is_full:
            (self.path / BALLAST).unlink()
            self._timeline.note(self._owner, f"disk freed, {self.free_bytes} bytes left")

    def close(self) -> None:
        """Unmount; what was on it is gone."""
        if self._heir.stdin is not None:
            self._heir.stdin.close()
        self._heir.wait()


def no_small_disk() -> str | None:
    """Why there is no small disk on this machine, None when there is: what a skipped test says."""
    if os.geteuid() != 0:
        return "mounting a small disk takes root"
    try:
        SmallDisk(1).close()
    except NoSmallDisk as error:
        return str(error)
    return None


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """A disk for the length of a block."""
    disk = SmallDisk(megabytes)
    try:
        yield disk
    finally:
        disk.close()
