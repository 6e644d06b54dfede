"""Accounts by `ektp staff`: added, renewed, removed; a demo's accounts exist in a demo only."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.ektp.errors import CommandFailed
from services.ektp.staff import app
from services.enrolment_api.access.sign_in import SignIn, WrongCredentials
from shared.keys import CREDENTIALS, STAFF, create_keys, read_staff
from shared.security import TokenVerifier


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EKTP_HOME", str(tmp_path))
    create_keys(tmp_path / "keys", demo=False)
    return tmp_path


def ektp_staff(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_production_has_no_demo_accounts(home: Path) -> None:
    assert not (home / "keys" / CREDENTIALS).exists()
    assert not (home / "keys" / STAFF).exists()
    assert read_staff(home / "keys") == []


async def test_an_added_account_signs_in_with_the_printed_password(home: Path) -> None:
    password = ektp_staff("add", "suparyanti", "--role", "officer", "--office", "33.13.07").strip()
    token = await SignIn.from_directory(home / "keys").token("suparyanti", password)
    principal = TokenVerifier.from_directory(home / "keys").verify(token)
    assert principal.subject == "suparyanti"
    assert principal.sees("33.13.07")
    assert (home / "keys" / STAFF).stat().st_mode & 0o077 == 0


async def test_a_renewed_account_forgets_the_old_password(home: Path) -> None:
    old = ektp_staff("add", "suparyanti", "--role", "officer", "--office", "33.13.07").strip()
    ektp_staff("add", "suparyanti", "--role", "supervisor", "--office", "33.13.07")
    with pytest.raises(WrongCredentials):
        await SignIn.from_directory(home / "keys").token("suparyanti", old)
    assert [each["roles"] for each in read_staff(home / "keys")] == [["supervisor"]]


def test_a_removed_account_is_gone_and_an_unknown_one_is_an_error(home: Path) -> None:
    ektp_staff("add", "suparyanti", "--role", "officer")
    ektp_staff("remove", "suparyanti")
    assert read_staff(home / "keys") == []
    with pytest.raises(CommandFailed, match="no account"):
        ektp_staff("remove", "suparyanti")
