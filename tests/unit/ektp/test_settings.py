from pathlib import Path

import pytest

from services.ektp.launch.specs import trio_specs
from services.ektp.settings import TrioSettings, without_password
from shared.settings import Profile, ServiceSettings


@pytest.fixture(autouse=True)
def only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "EKTP_HOME",
        "EKTP_PROFILE",
        "BROKER_URL",
        "CENTRAL_URL",
        "QUEUE_DATABASE_URL",
        "QUEUE_PORT",
    ):
        monkeypatch.delenv(name, raising=False)


def test_a_relative_home_is_absolute_for_the_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EKTP_HOME", "here/run")
    environment = trio_specs(TrioSettings(), "amqp://")[0].environment
    assert environment["EKTP_HOME"] == str(tmp_path / "here" / "run")
    assert environment["KEYS_DIR"] == str(tmp_path / "here" / "run" / "keys")
    assert environment["QUEUE_DATABASE_URL"] == f"sqlite:///{tmp_path}/here/run/queue.db"


def test_the_shells_home_and_profile_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere/else")
    monkeypatch.setenv("PROFILE", "production")
    assert TrioSettings().home == Path(".run")
    assert ServiceSettings().home == Path(".run")
    assert ServiceSettings().profile is Profile.DEMO
    assert ServiceSettings(home=Path("given")).home == Path("given")


def test_everything_can_be_put_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_URL", "http://proxy:9999")
    monkeypatch.setenv("QUEUE_DATABASE_URL", "postgresql+asyncpg://u:p@db/queue")
    monkeypatch.setenv("QUEUE_PORT", "18001")
    queue, enrolment, _ = trio_specs(TrioSettings(), "amqp://")
    assert queue.ready_url == "http://127.0.0.1:18001/health/ready"
    assert enrolment.environment["CENTRAL_URL"] == "http://proxy:9999"
    assert queue.environment["QUEUE_DATABASE_URL"] == "postgresql+asyncpg://u:p@db/queue"


def test_a_server_for_all_addresses_is_asked_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIND_HOST", "0.0.0.0")
    assert trio_specs(TrioSettings(), "amqp://")[0].url == "http://127.0.0.1:8001"


def test_a_shown_url_hides_its_password() -> None:
    assert (
        without_password("postgresql+asyncpg://ektp:hush@db/queue")
        == "postgresql+asyncpg://ektp:***@db/queue"
    )
