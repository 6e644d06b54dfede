"""Gets a RabbitMQ server from Debian's packages without starting the system-wide broker that comes with them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from services.ektp.errors import CommandFailed
from shared.messaging.node import find_server

PACKAGE = "rabbitmq-server"
POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's maintainer scripts ask this program before they start a service; 101 forbids it.
FORBID_STARTS = "#!/bin/sh\nexit 101\n"
WAIT_FOR_OTHERS = "DPkg::Lock::Timeout=300"


def ensure_server(log: Path) -> bool:
    """Install RabbitMQ when there is none; True when it was installed now. Raises CommandFailed."""
    if find_server() is not None:
        return False
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CommandFailed(missing_server_advice())
    log.parent.mkdir(parents=True, exist_ok=True)
    with no_service_starts(), log.open("ab") as output:
        if not _install(output):
            _apt(output, "update")
            if not _install(output):
                raise CommandFailed(f"apt-get could not install {PACKAGE}; its words are in {log}")
    if find_server() is None:
        raise CommandFailed(f"{PACKAGE} was installed but its start script was not found; see {log}")
    return True


def missing_server_advice() -> str:
    """What to install, for a user who must not or a system that can't."""
    return (
        f"RabbitMQ is not installed and {_why_not()}: install it (on Debian or Ubuntu: "
        f"sudo apt-get install --no-install-recommends {PACKAGE}) and start again, or use a running broker: "
        "BROKER_URL=amqp://USER:PASSWORD@HOST:5672/ make run"
    )


def _why_not() -> str:
    if shutil.which("apt-get") is None:
        return "there is no apt-get to install it with"
    return "this user may not install it"


def _install(output: IO[bytes]) -> bool:
    return _apt(output, "install", "--yes", "--no-install-recommends", PACKAGE)


def _apt(output: IO[bytes], *arguments: str) -> bool:
    command = ["apt-get", "--option", WAIT_FOR_OTHERS, "--quiet", *arguments]
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
    )
    return done.returncode == 0


@contextlib.contextmanager
def no_service_starts() -> Iterator[None]:
    """Keep package scripts from starting services, then put back what was there."""
    kept = POLICY.with_name(f"{POLICY.name}.ektp-{os.getpid()}")
    if had_one := POLICY.exists():
        POLICY.rename(kept)
    POLICY.write_text(FORBID_STARTS)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if had_one:
            kept.replace(POLICY)
        else:
            POLICY.unlink(missing_ok=True)
