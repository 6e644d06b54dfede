"""A private centre for tests: a process on free ports with its own directory, keys and SQLite file."""

import os
import sys
from pathlib import Path

import httpx

from shared.security import sign_token
from shared.testing.centre import TOKEN, CentreClient
from shared.testing.ports import free_ports
from shared.testing.process import READY_WITHIN, Process, ProcessFailed
from shared.testing.timeline import Timeline
from shared.testing.trio import NOT_INHERITED
from shared.testing.waiting import wait_until

DAY = 86_400.0


class CentreProcess:
    """`python -m services.central_mock` in an empty directory. Start it from the main thread: they end together."""

    def __init__(self, home: Path, **settings: str) -> None:
        """`settings` are environment variables, like CLOCK_SPEED or CENTRAL_UNIQUENESS_DELAY."""
        port, control_port = free_ports(2)
        self.home = home
        self.api_url = f"http://127.0.0.1:{port}"
        self.control_url = f"http://127.0.0.1:{control_port}"
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.environment = {
            **inherited,
            "EKTP_HOME": str(home),
            "CENTRAL_PORT": str(port),
            "CENTRAL_CONTROL_PORT": str(control_port),
            **settings,
        }
        self.process = Process(
            "central",
            [sys.executable, "-m", "services.central_mock"],
            environment=self.environment,
            log=home / "central.log",
            timeline=Timeline(),
            ready=self._answers,
            url=self.api_url,
        )

    async def _answers(self) -> bool:
        return self._is_ready()

    def start(self, within: float = READY_WITHIN) -> None:
        """Start it, and wait until both its ports answer. Raises ProcessFailed."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.process.spawn()
        wait_until(self._is_ready, within=within, saying="the centre is ready")

    def _is_ready(self) -> bool:
        if not self.process.is_running():
            raise ProcessFailed(f"the centre ended before it was ready: {self.process.last_words()}")
        try:
            return httpx.get(f"{self.control_url}/health/ready", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """Kill -9; `start` brings it back on the same ports with what it had."""
        self.process.kill()

    def token(self, seconds: float = DAY) -> str:
        """For its console: its own one where that is set, else signed with its own key."""
        if own := self.environment.get(TOKEN):
            return own
        return sign_token(self.home / "keys", subject="a test", roles=["ops"], offices=(), lifetime=seconds)

    def client(self, life: float | None = None) -> CentreClient:
        """Of its console."""
        more = {} if life is None else {"life": life}
        return CentreClient(self.control_url, self.token(), api_url=self.api_url, **more)
