"""A service whose database is why it can't start says so in a line; its supervisor tries again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.keys import create_keys
from shared.testing.ports import free_ports
from shared.web import STARTUP_FAILED

SERVICES = ["queue_api", "enrolment_api"]


def start(service: str, home: Path, **environment: str) -> list[dict[str, Any]]:
    """Its log, when it has ended by itself."""
    create_keys(home / "keys", demo=False)
    (port,) = free_ports(1)
    settings = {"EKTP_HOME": str(home), f"{service.split('_', maxsplit=1)[0].upper()}_PORT": str(port)}
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        env={"PATH": "/usr/bin:/bin", **settings, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == STARTUP_FAILED
    lines = [*ended.stdout.splitlines(), *ended.stderr.splitlines()]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_that_was_never_migrated(service: str, tmp_path: Path) -> None:
    log = start(service, tmp_path)
    (told,) = (each for each in log if each["event"] == "service.not_started")
    assert told["reason"].startswith("no such table")
    assert "Traceback" not in str(log)


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_that_is_away(service: str, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    name = f"{service.split('_', maxsplit=1)[0].upper()}_DATABASE_URL"
    log = start(service, tmp_path, **{name: f"postgresql://ektp:hunter2@127.0.0.1:{port}/ektp"})
    (told,) = (each for each in log if each["event"] == "service.not_started")
    assert "refused" in told["reason"]
    assert "Traceback" not in str(log)
    assert "hunter2" not in str(log)
