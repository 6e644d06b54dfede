"""Installing RabbitMQ: what is said where it can't be, and that nothing of the machine's own is changed."""

import os
import shutil
from pathlib import Path

import pytest

from services.ektp.errors import CommandFailed
from services.ektp.setup import rabbitmq


def test_without_root_the_package_and_the_alternative_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rabbitmq, "find_server", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CommandFailed) as raised:
        rabbitmq.ensure_server(tmp_path / "log")
    assert "sudo apt-get install --no-install-recommends rabbitmq-server" in str(raised.value)
    assert "BROKER_URL=amqp://" in str(raised.value)
    assert raised.value.code == 1


def test_an_installed_server_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rabbitmq, "find_server", lambda: tmp_path)
    assert rabbitmq.ensure_server(tmp_path / "log") is False
    assert not (tmp_path / "log").exists()


def test_a_failed_install_names_its_log_after_a_second_try(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[str] = []

    def refused(_output: object, *arguments: str) -> bool:
        tried.append(arguments[0])
        assert rabbitmq.POLICY.read_text() == rabbitmq.FORBID_STARTS
        return False

    monkeypatch.setattr(rabbitmq, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(rabbitmq, "find_server", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(rabbitmq, "_apt", refused)
    with pytest.raises(CommandFailed, match="its words are in"):
        rabbitmq.ensure_server(tmp_path / "log")
    assert tried == ["install", "update", "install"]
    assert not (tmp_path / "policy-rc.d").exists()


def test_a_policy_that_was_there_is_put_back_even_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("the administrator's own")
    policy.chmod(0o750)
    monkeypatch.setattr(rabbitmq, "POLICY", policy)

    def install_that_fails() -> None:
        with rabbitmq.no_service_starts():
            assert policy.read_text() == rabbitmq.FORBID_STARTS
            raise RuntimeError

    with pytest.raises(RuntimeError):
        install_that_fails()
    assert policy.read_text() == "the administrator's own"
    assert policy.stat().st_mode & 0o777 == 0o750
    assert list(tmp_path.iterdir()) == [policy]
