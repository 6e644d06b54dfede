"""The Makefile and what it installs from: help for every target, one meaning of EKTP_HOME, locks without hosts."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TARGETS = ("run", "test", "check", "demo", "bench", "format", "migrate")


def make(cwd: Path, *arguments: str, **environment: str) -> str:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in {"EKTP_HOME", "MAKEFLAGS", "MAKELEVEL"}
    }
    command = ["make", "--file", str(ROOT / "Makefile"), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_bare_make_gives_each_target_a_line_of_help(tmp_path: Path) -> None:
    lines = make(tmp_path).splitlines()
    for target in TARGETS:
        assert any(re.match(rf"  make {target} +\w", line) for line in lines), target


@pytest.mark.parametrize(
    ("given", "meant"),
    [("trios/a", f"{ROOT}/trios/a"), ("/elsewhere/b", "/elsewhere/b"), ("", f"{ROOT}/.run")],
)
def test_a_relative_home_is_meant_from_the_makefile(tmp_path: Path, given: str, meant: str) -> None:
    shown = "--eval=shown:;@echo $$EKTP_HOME"
    if not given:
        assert make(tmp_path, shown, "shown").strip() == meant
        return
    assert make(tmp_path, shown, "shown", EKTP_HOME=given).strip() == meant
    assert make(tmp_path, shown, "shown", f"EKTP_HOME={given}").strip() == meant


def test_the_check_of_a_change_is_the_linters_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make (\w+)", script, re.MULTILINE) == ["lint", "test"]
    assert ".ci/run" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements.runtime.lock"])
def test_locks_hold_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    pinned = re.findall(r"^\S+==\S+.*", text, re.MULTILINE)
    assert len(pinned) > 30
    assert all(line.endswith("\\") for line in pinned)


def test_every_dependency_is_in_the_locks() -> None:
    project = (ROOT / "pyproject.toml").read_text().split("[tool.")[0]
    names = set(re.findall(r'^ +"([A-Za-z0-9_.-]+)(?:\[\w+\])?[<>=]', project, re.MULTILINE))
    assert "fastapi" in names
    locked = {
        name.lower()
        for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    }
    assert {name.lower() for name in names} <= locked
