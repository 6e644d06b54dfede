"""The centre of a stage: up or hanging on command, and how much the office still has for it."""

import sqlite3
import time
from contextlib import closing

import httpx

from services.ektp.bench.stage import Stage
from services.ektp.errors import CommandFailed

DRAINED_WITHIN = 300.0
EVERY = 0.02


class Centre:
    """What a measurement does with the centre."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ops = stage.token("ops")

    def offline(self, mode: str) -> None:
        """Fail in this way from now on."""
        self._post(f"{self._stage.control_url}/control/v1/offline", {"mode": mode, "for": "PT1H"})

    def online(self) -> None:
        """Be up, and let the office look at once instead of after its back-off."""
        self._post(f"{self._stage.control_url}/control/v1/online", None)
        self._post(f"{self._stage.url('enrolment_api')}/v1/central-link/probe", None)

    def wait_drained(self) -> float:
        """Until nothing waits for the centre; the moment (of `time.time`) it was seen."""
        deadline = time.monotonic() + DRAINED_WITHIN
        probe = time.monotonic() + 2.0
        while self.backlog():
            if time.monotonic() > deadline:
                raise CommandFailed(f"The backlog does not drain: {self.backlog()} records are left")
            if time.monotonic() > probe:  # a back-off may have begun since
                self._post(f"{self._stage.url('enrolment_api')}/v1/central-link/probe", None)
                probe = time.monotonic() + 2.0
            time.sleep(EVERY)
        return time.time()

    def forget(self) -> None:
        """Hold no record, as on the first day."""
        self._post(f"{self._stage.control_url}/control/v1/reset", None)

    def wait_link(self, state: str) -> None:
        """Until the office sees the link so."""
        url = f"{self._stage.url('enrolment_api')}/v1/central-link"
        deadline = time.monotonic() + DRAINED_WITHIN
        while httpx.get(url, headers=self._ops, timeout=10.0, trust_env=False).json()["state"] != state:
            if time.monotonic() > deadline:
                raise CommandFailed(f"The link does not become {state}")
            time.sleep(EVERY)

    def backlog(self) -> int:
        """Records that are not at the centre yet, without asking the service that is being measured."""
        with closing(sqlite3.connect(self._stage.directory / "enrolment.db", timeout=10)) as connection:
            found = connection.execute("SELECT coalesce(sum(records), 0) FROM backlog").fetchone()
        return int(found[0])

    def _post(self, url: str, body: object) -> None:
        answer = httpx.post(url, json=body, headers=self._ops, timeout=10.0, trust_env=False)
        if answer.is_error:
            raise CommandFailed(f"{url} answered {answer.status_code}: {answer.text[:200]}")
