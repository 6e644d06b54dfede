"""A task that dies makes the service unready and ends the process; what is not needed never does."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared import lifecycle
from shared.clock import FixedClock
from shared.health import Health
from shared.lifecycle import BackgroundTasks, within
from shared.metrics import Metrics
from shared.testing.waiting import eventually

START = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def test_only_what_is_needed_makes_unready() -> None:
    health = Health(FixedClock(START))
    shown = []
    for name, state, needed in (
        ("broker", "DOWN", False),
        ("database", "DOWN", True),
        ("database", "UP", True),
    ):
        health.set(name, state, needed=needed)
        shown.append((health.ready, health.report()["status"]))
    assert shown == [(True, "ready"), (False, "unready"), (True, "ready")]


def test_since_moves_only_with_the_state() -> None:
    clock = FixedClock(START)
    health = Health(clock)
    health.set("broker", "DOWN", detail="refused")
    clock.advance(minutes=5)
    health.set("broker", "DOWN", detail="timed out")
    shown = health.report()["components"]["broker"]
    assert shown == {"state": "DOWN", "since": START.isoformat(), "detail": "timed out"}
    health.set("broker", "UP")
    assert health.report()["components"]["broker"]["since"] == clock.now().isoformat()


async def broken() -> None:
    raise RuntimeError("a bug")


async def over() -> None:
    return


@pytest.mark.parametrize(("main", "detail"), [(broken, "RuntimeError"), (over, "ended")])
async def test_a_task_that_ends_by_itself_is_a_death(main: object, detail: str) -> None:
    health, metrics, deaths = Health(FixedClock(START)), Metrics("x"), []
    tasks = BackgroundTasks(health, metrics, on_death=lambda: deaths.append("dead"))
    tasks.start("forwarder", main)  # type: ignore[arg-type]  # one of the two above
    await eventually(lambda: deaths == ["dead"])
    assert not health.ready
    assert health.report()["components"]["task:forwarder"]["detail"] == detail
    assert b'ektp_task_deaths_total{task="forwarder"} 1.0' in metrics.exposition()
    await tasks.stop()


async def test_stopping_is_no_death_and_waits_for_the_last_words() -> None:
    health, said, deaths = Health(FixedClock(START)), [], []
    running = asyncio.Event()

    async def main() -> None:
        try:
            running.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            said.append("bye")

    tasks = BackgroundTasks(health, Metrics("x"), on_death=lambda: deaths.append("dead"))
    tasks.start("relay", main)
    await running.wait()
    await tasks.stop()
    assert (said, deaths, health.ready) == (["bye"], [], True)


async def test_what_takes_a_time_out_for_its_own_is_given_up_all_the_same() -> None:
    swallowed = asyncio.Event()

    async def goes_on() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        swallowed.set()
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await within(0.01, goes_on(), again=0.01)
    assert swallowed.is_set()


async def test_what_is_done_in_time_gives_what_it_gives() -> None:
    async def fails() -> None:
        raise LookupError

    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(LookupError):
        await within(5, fails())


async def test_stopping_cancels_again_what_took_the_first_time_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Libraries do: one end of a channel that was closing just then kept a service from stopping for ever."""
    monkeypatch.setattr(lifecycle, "LAST_WORDS_SECONDS", 0.05)
    swallowed: list[str] = []
    running = asyncio.Event()

    async def main() -> None:
        while True:
            running.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if len(swallowed) == 2:
                    raise
                swallowed.append("once more")

    tasks = BackgroundTasks(Health(FixedClock(START)), Metrics("x"))
    tasks.start("relay", main)
    await running.wait()
    async with asyncio.timeout(5):
        await tasks.stop()
    assert swallowed == ["once more"] * 2


async def test_readiness_is_told_over_http_and_liveness_stays(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/health/ready")).json()["status"] == "ready"
    app.state.runtime.health.set("task:relay", "DOWN", needed=True)
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unready")
    assert answer.json()["components"]["task:relay"]["state"] == "DOWN"
    assert (await client.get("/health/live")).status_code == 200


def test_a_real_process_ends_when_its_task_dies() -> None:
    program = textwrap.dedent("""
        import asyncio
        from shared.clock import SystemClock
        from shared.health import Health
        from shared.lifecycle import BackgroundTasks, within
        from shared.metrics import Metrics

        async def broken():
            raise RuntimeError("a bug")

        async def main():
            BackgroundTasks(Health(SystemClock()), Metrics("x")).start("forwarder", broken)
            await asyncio.Event().wait()

        asyncio.run(main())
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGTERM
    assert "task.died" in done.stdout
