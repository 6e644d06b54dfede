"""The screen of `make run`: what may be copied is whole, what is secret is not there."""

from pathlib import Path

import pytest

from services.ektp.launch.foreground import own_broker
from services.ektp.launch.screen import welcome
from services.ektp.launch.state import RunningService, TrioState
from services.ektp.settings import SERVICES, TrioSettings
from shared.keys import Credential

ACCOUNT = Credential("officer-somewhere", "made-up-word", ("officer",), ("33.13.07",))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrioSettings:
    monkeypatch.setenv("COLUMNS", "200")  # or a narrow terminal folds what is looked for
    monkeypatch.setenv("EKTP_HOME", str(tmp_path))
    monkeypatch.setenv("BROKER_URL", "amqp://ektp:hush@broker.example:5672/")
    monkeypatch.setenv("QUEUE_DATABASE_URL", "postgresql+asyncpg://ektp:hush@db.example/queue")
    return TrioSettings()


def state_of(settings: TrioSettings) -> TrioState:
    node, broker_url = own_broker(settings)
    assert node is None
    return TrioState(
        supervisor_pid=1,
        home=settings.root,
        keys_dir=settings.keys,
        broker_url=broker_url,
        broker_pid=None,
        broker_pids=[],
        central_control_url=settings.urls["central_control"],
        services={name: RunningService(url=settings.urls[name], pid=2) for name in SERVICES},
    )


@pytest.mark.parametrize("coloured", [True, False])
def test_a_given_broker_and_database_are_shown_without_their_passwords(
    settings: TrioSettings, coloured: bool
) -> None:
    shown = welcome(state_of(settings), settings, [ACCOUNT], coloured=coloured)
    assert "hush" not in shown
    assert "broker.example" in shown


def test_the_demo_accounts_are_shown_in_the_demo_profile_only(
    settings: TrioSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "made-up-word" in welcome(state_of(settings), settings, [ACCOUNT], coloured=False)
    monkeypatch.setenv("EKTP_PROFILE", "production")
    assert "made-up-word" not in welcome(state_of(settings), TrioSettings(), [ACCOUNT], coloured=False)


def test_commands_to_try_name_the_home_and_stand_on_one_line_each(settings: TrioSettings) -> None:
    lines = welcome(state_of(settings), settings, [], coloured=False).splitlines()
    commands = [line for line in lines if line.startswith(("  1. ", "  2. ", "  3. "))]
    assert len(commands) == 3
    assert all(f"EKTP_HOME={settings.root} .venv/bin/ektp" in line for line in commands[1:])
