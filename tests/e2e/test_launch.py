"""`make run` as its user meets it: the real services, the real broker, one table, one Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.ektp.launch.state import is_running
from shared.keys import CREDENTIALS
from shared.messaging.node import speaks_amqp
from shared.testing.trio import Trio
from shared.testing.waiting import wait_until

SERVICES = ("queue_api", "enrolment_api", "central_mock")


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    with Trio() as started:
        yield started


def ektp(trio: Trio, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.ektp", *arguments],
        env={**os.environ, "EKTP_HOME": str(trio.home), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )


def ready(trio: Trio, service: str) -> bool:
    url = trio.control_url if service == "central_mock" else trio.state["services"][service]["url"]
    try:
        return httpx.get(f"{url}/health/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_table_shows_every_part_and_the_demo_accounts(trio: Trio) -> None:
    shown = trio.log
    for part in (*SERVICES, "central control", "RabbitMQ", "Demo accounts", "Three things to try"):
        assert part in shown
    for url in (trio.queue_url, trio.enrolment_url, trio.central_url, trio.control_url, trio.broker_url):
        assert url in shown
    assert all(ready(trio, service) for service in SERVICES)


def test_the_shown_account_signs_in(trio: Trio) -> None:
    shown = re.search(r"(officer-ngargoyoso) +\S+ +(\S+)", trio.log)
    assert shown is not None
    form = {"username": shown[1], "password": shown[2], "grant_type": "password"}
    assert httpx.post(f"{trio.enrolment_url}/v1/auth/token", data=form).status_code == httpx.codes.OK
    assert (trio.keys_dir / CREDENTIALS).stat().st_mode & 0o077 == 0


def test_the_three_things_to_try_work_as_they_stand(trio: Trio) -> None:
    """Run by a shell as a person would paste them, with this interpreter's `ektp`."""
    lines = [line.split(": ", 1)[1] for line in trio.log.splitlines() if re.match(r"  [123]\. ", line)]
    assert len(lines) == 3
    for line in lines:
        command = line.replace(".venv/bin/ektp", f"{sys.executable} -m services.ektp")
        done = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert '"type"' not in done.stdout, done.stdout  # no problem document


def test_the_sample_offices_are_there(trio: Trio) -> None:
    listed = httpx.get(f"{trio.queue_url}/v1/offices").json()["items"]
    text = str(listed)
    assert all(office in text for office in ("33.13.07", "33.13", "33.20", "33.20.08"))


def test_status_tells_of_services_link_backlog_and_outage(trio: Trio) -> None:
    done = ektp(trio, "status")
    assert done.returncode == 0, done.stderr
    for row in (*SERVICES, "link to the centre", "backlog", "oldest unsent", "outage"):
        assert row in done.stdout
    assert "UNKNOWN" not in done.stdout


def test_a_token_from_the_command_line_is_taken(trio: Trio) -> None:
    token = ektp(trio, "token", "--role", "officer", "--office", "33.13.07").stdout.strip()
    answer = httpx.get(
        f"{trio.enrolment_url}/v1/enrolments?office=33.13.07", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == httpx.codes.OK, answer.text


def test_the_centre_goes_offline_and_comes_back_on_command(trio: Trio) -> None:
    def centre_answers() -> bool:
        try:
            return httpx.get(f"{trio.central_url}/central/v1/health", timeout=2).is_success
        except httpx.TransportError:
            return False

    assert ektp(trio, "central", "offline", "--mode", "refuse", "--for", "5m").returncode == 0
    wait_until(lambda: not centre_answers())
    assert ektp(trio, "central", "online").returncode == 0
    wait_until(centre_answers)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back_by_itself(trio: Trio, service: str) -> None:
    killed = trio.kill(service)
    assert trio.wait_restarted(service, killed) != killed
    wait_until(lambda: ready(trio, service), within=30)
    wait_until(lambda: f"{service} is ready again" in trio.log)
    assert f"{service} was ended by SIGKILL" in trio.log


def test_a_killed_broker_comes_back_while_the_services_stay(trio: Trio) -> None:
    before = {service: trio.pid(service) for service in SERVICES}
    killed = trio.kill("broker")
    trio.wait_restarted("broker", killed)
    wait_until(lambda: speaks_amqp(int(trio.settings["BROKER_PORT"])), within=60)
    assert {service: trio.pid(service) for service in SERVICES} == before


@pytest.mark.timeout(300)
def test_ctrl_c_leaves_nothing_and_a_second_start_finds_everything() -> None:
    trio = Trio()
    try:
        trio.start()
        keys = (trio.keys_dir / CREDENTIALS).read_bytes()
        pids = trio.pids()
        started = time.monotonic()
        assert trio.stop() == 0
        assert time.monotonic() - started < 10, trio.log[-2000:]
        assert not [pid for pid in pids if alive(pid)]
        assert not is_running(trio.home)
        assert "Traceback" not in trio.log
        trio.start()
        assert (trio.keys_dir / CREDENTIALS).read_bytes() == keys
        pids = trio.pids()
        os.kill(trio.supervisor_pid, signal.SIGKILL)
        wait_until(lambda: not [pid for pid in pids if alive(pid)])
    finally:
        trio.close()
