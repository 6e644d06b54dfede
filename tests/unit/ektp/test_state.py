import stat
from pathlib import Path

import pytest

from services.ektp.errors import CommandFailed
from services.ektp.launch.state import (
    RunningService,
    TrioState,
    forget_state,
    is_running,
    lock_home,
    read_state,
)


def state_in(home: Path) -> TrioState:
    return TrioState(
        supervisor_pid=1,
        home=home,
        keys_dir=home / "keys",
        broker_url="amqp://guest:guest@127.0.0.1:5672/",
        broker_pid=None,
        broker_pids=[],
        central_control_url="http://127.0.0.1:8013",
        services={"queue_api": RunningService(url="http://127.0.0.1:8001", pid=2)},
    )


def test_a_state_file_counts_only_while_its_supervisor_lives(tmp_path: Path) -> None:
    state_in(tmp_path).save()
    assert read_state(tmp_path) is None
    with lock_home(tmp_path):
        assert read_state(tmp_path) == state_in(tmp_path)
    assert read_state(tmp_path) is None


def test_only_the_owner_may_read_the_brokers_password(tmp_path: Path) -> None:
    state_in(tmp_path).save()
    assert stat.S_IMODE((tmp_path / "trio.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["trio.json"]


def test_one_home_is_held_once_and_freed_after(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with lock_home(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(CommandFailed, match="already runs in"):
            lock_home(tmp_path)
    with lock_home(tmp_path):
        forget_state(tmp_path)
