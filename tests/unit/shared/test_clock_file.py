"""A demo's clock is where it would be after a kill -9, and a broken file stops no service."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.clock import SystemClock
from shared.clock_file import restore_clock, save_clock
from shared.runtime import Runtime
from tests.unit.shared.small_app import bearer, client_of, small_app

MORNING = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)


def test_a_restored_clock_went_on_while_the_process_was_gone(tmp_path: Path) -> None:
    path, clock = tmp_path / "kept" / "clock.json", SystemClock()
    clock.set(MORNING, speed=60)
    save_clock(path, clock)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"at": time.time() - 30}))
    woken = SystemClock()
    assert restore_clock(path, woken)
    assert timedelta(minutes=29) < woken.now() - MORNING < timedelta(minutes=40)
    assert woken.speed == 60


def test_real_time_keeps_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "clock.json", SystemClock()
    clock.set(MORNING)
    save_clock(path, clock)
    clock.set(None)
    save_clock(path, clock)
    assert list(tmp_path.iterdir()) == []
    assert not restore_clock(path, clock)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"shown": "soon", "speed": 1, "at": 0}',
     '{"shown": "9999-12-31T23:59:59+00:00", "speed": 3600, "at": 0}'],
)  # fmt: skip
def test_a_file_that_can_not_be_read_leaves_the_real_time(tmp_path: Path, text: str) -> None:
    path, clock = tmp_path / "clock.json", SystemClock()
    path.write_text(text)
    assert not restore_clock(path, clock)
    assert clock.start is None


async def test_ops_set_the_clock_and_it_survives_a_restart(
    app: FastAPI, client: httpx.AsyncClient, keys_dir: Path, tmp_path: Path
) -> None:
    ops = bearer(keys_dir, "ops")
    setting = {"start": "2016-09-16T07:30:00+07:00", "speed": 60}
    assert (await client.put("/control/v1/clock", json=setting)).status_code == 401
    officer = bearer(keys_dir, "officer", "33.13.07")
    assert (await client.put("/control/v1/clock", json=setting, headers=officer)).status_code == 403
    shown = (await client.put("/control/v1/clock", json=setting, headers=ops)).json()
    assert datetime.fromisoformat(shown["now"]) >= MORNING and shown["speed"] == 60
    async with client_of(small_app(tmp_path, f"sqlite:///{tmp_path / 'small.db'}", keys_dir)) as restarted:
        assert (await restarted.get("/control/v1/clock", headers=ops)).json()["now"][:10] == "2016-09-16"
    runtime: Runtime = app.state.runtime
    assert runtime.clock_file.exists()
    await client.put("/control/v1/clock", json={"start": None}, headers=ops)
    assert not runtime.clock_file.exists()


@pytest.mark.parametrize(
    "setting",
    [{"start": "9999-12-31T23:59:59Z", "speed": 3600}, {"start": "0001-01-01T00:00:00+14:00"},
     {"start": "2016-09-16T07:30:00"}, {"speed": 0}, {"speed": -1}, {"speed": "inf"}, {"stary": None}],
)  # fmt: skip
async def test_a_time_that_would_stop_the_service_is_refused(
    client: httpx.AsyncClient, keys_dir: Path, setting: dict[str, object]
) -> None:
    answer = await client.put("/control/v1/clock", json=setting, headers=bearer(keys_dir, "ops"))
    assert answer.status_code == 422
