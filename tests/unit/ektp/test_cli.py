"""The command line as a person meets it: what it prints, its one line on an error, its exit code."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.ektp.cli import main
from shared.keys import create_keys
from shared.security import Role, TokenVerifier


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Ektp = Callable[..., Done]


@pytest.fixture
def ektp(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ektp:
    """The command in this process: a process of its own for each costs a second and shows no more."""

    def run(home: Path, *arguments: str, **environment: str) -> Done:
        nobody_listens = {"QUEUE_PORT": "1", "CENTRAL_CONTROL_PORT": "1"}
        for name, value in {"EKTP_HOME": str(home), **nobody_listens, **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ektp", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    return run


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "services.ektp", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ektp: No such command 'nonsense'.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("home")
    create_keys(directory / "keys", demo=False)
    return directory


def test_token_prints_a_valid_token_and_nothing_else(ektp: Ektp, home: Path) -> None:
    done = ektp(home, "token", "--role", "officer", "--office", "33.13.07")
    assert done.returncode == 0
    assert done.stderr == ""
    principal = TokenVerifier.from_directory(home / "keys").verify(done.stdout.removesuffix("\n"))
    assert principal.roles == {Role.OFFICER}
    assert principal.offices == {"33.13.07"}


def test_a_bare_command_lists_the_others(ektp: Ektp, home: Path) -> None:
    shown = ektp(home).stdout
    for command in (
        "run",
        "setup",
        "token",
        "central",
        "status",
        "day",
        "demo",
        "bench",
        "migrate",
        "parked",
    ):
        assert f" {command} " in shown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["token", "--role", "king"], 1, "No such role; the roles are kiosk"),
        (["token"], 2, "Missing option '--role'"),
        (["nonsense"], 2, "No such command"),
        (["central", "offline", "--for", "soon"], 2, "write it like 2h10m"),
        (["central", "online"], 1, "does the trio run? (`make run`)"),
        (["token", "--role", "ops", "--hours", "never"], 2, "'--hours'"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    ektp: Ektp, home: Path, arguments: list[str], code: int, words: str
) -> None:
    done = ektp(home, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.startswith("ektp: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_wrong_setting_is_named(ektp: Ektp, home: Path) -> None:
    done = ektp(home, "status", QUEUE_PORT="many")
    assert done.returncode == 2
    assert done.stderr.startswith("ektp: Settings: QUEUE_PORT")


def test_missing_keys_are_said_with_the_command_that_makes_them(ektp: Ektp, tmp_path: Path) -> None:
    done = ektp(tmp_path, "token", "--role", "ops")
    assert done.returncode == 1
    assert "`ektp setup` makes them" in done.stderr


def test_a_home_that_cannot_be_made_is_one_line(ektp: Ektp, home: Path) -> None:
    (home / "file").touch()
    done = ektp(home / "file" / "below", "setup", BROKER_URL="amqp://")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "can't be used" in done.stderr
