"""A disk that can be full: a small tmpfs, unmounted by a process of its own even when the test is killed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from shared.testing.timeline import Timeline

BALLAST = ".ballast"
SMALLEST = 16
"""Megabytes: below that a file system with a journal has no room for anything else."""
IMAGE, MOUNTED = "image", "mounted"
# It holds the other end of our pipe: when we end, however we end, it reads the end and cleans up.
LAST_WILL = f'read -r _; umount -l "$1/{MOUNTED}"; rm -f "$1/{IMAGE}"; rmdir "$1/{MOUNTED}" "$1"'


class NoSmallDisk(RuntimeError):
    """This machine mounts no such disk for us; the message says why."""


class SmallDisk:
    """A file system of a few megabytes at `path`."""

    def __init__(self, megabytes: int, *, timeline: Timeline | None = None, owner: str = "disk") -> None:
        """Mount it. Raises NoSmallDisk where that is not allowed (it takes root)."""
        self.owner = owner
        self._timeline = timeline or Timeline()
        self.home = Path(tempfile.mkdtemp(prefix="ektp-disk-", dir=self._where()))
        self.home.chmod(0o755)
        self.path = self.home / MOUNTED
        self.path.mkdir()
        self._heir = subprocess.Popen(
            ["sh", "-c", LAST_WILL, "heir", str(self.home)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._make(megabytes)
        except NoSmallDisk:
            self.close()
            raise

    def tell(self, timeline: Timeline) -> None:
        """Let another timeline have what happens here: a disk may outlive the trio that used it."""
        self._timeline = timeline

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
        self._timeline.note(self.owner, f"disk full, {self.free_bytes} bytes left", fault="disk full")

    def free(self) -> None:
        """Give it back."""
        if self.is_full:
            (self.path / BALLAST).unlink()
            self._timeline.note(self.owner, f"disk freed, {self.free_bytes} bytes left")

    def close(self) -> None:
        """Unmount; what was on it is gone."""
        if self._heir.stdin is not None:
            self._heir.stdin.close()
        self._heir.wait()

    def _where(self) -> str | None:
        """The directory of its own directory; None is the system's for temporary files."""
        return None

    def _make(self, megabytes: int) -> None:
        run_as_root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(self.path))


def run_as_root(*command: str) -> None:
    """What disks are made with. Raises NoSmallDisk with the command's own words."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise NoSmallDisk(f"{command[0]} does not work here: {said}") from error


def no_small_disk(kind: type[SmallDisk] = SmallDisk) -> str | None:
    """Why there is no such disk on this machine, None when there is: what a skipped test says."""
    if os.geteuid() != 0:
        return "mounting a small disk takes root"
    try:
        kind(SMALLEST).close()
    except NoSmallDisk as error:
        return str(error)
    return None
