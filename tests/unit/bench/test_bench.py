"""The bench runs whole, tiny: every measurement gives its lines. How fast anything was is not asserted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.ektp.bench.command import MEASUREMENTS

LINES = {"complete": 3, "outbox": 1, "drain": 1, "call-next": 1, "claim": 1, "memory": 6, "faults": 3}


def bench(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.ektp", "bench", *options],
        env={"EKTP_HOME": str(home), "PATH": "/usr/bin:/bin", "EKTP_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(MEASUREMENTS))
def test_a_tiny_run_prints_its_table_and_keeps_its_json(name: str, tmp_path: Path) -> None:
    done = bench(tmp_path, "--only", name, "--rounds", "1", "--scale", "0.001")
    assert done.returncode == 0, done.stderr
    assert "aim" in done.stdout
    kept: dict[str, Any] = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert len(kept["figures"]) == LINES[name]
    assert kept["machine"]["cores"] >= 1
    assert all(figure["ratio"] > 0 for figure in kept["figures"])
    assert [each.name for each in (tmp_path / "bench").iterdir()] == ["bench.json"]


def test_an_unknown_measurement_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.ektp", "bench", "--only", "patience"],
        env={"EKTP_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "patience" in done.stderr
