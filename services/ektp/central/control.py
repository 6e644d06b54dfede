"""The way from a command to the centre's console: its address, a token, and one line when something is wrong."""

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.ektp.errors import CommandFailed
from services.ektp.running import RunningTrio, find_trio
from services.ektp.settings import TrioSettings

if TYPE_CHECKING:  # loaded when first used: `ektp token` need not wait for it
    import httpx

TIMEOUT = 10.0
LONG = 120.0
"""Seconds for what reads all records or the whole journal."""
NO_ANSWER = "does the trio run? (`make run`), or the centre alone? (`ektp central serve`)"


@dataclass(frozen=True)
class ControlPort:
    """The console of the centre that the settings mean."""

    trio: RunningTrio
    own_token: str | None = None
    """The console's own, where one is set: the deployment's keys need not be here then."""

    @property
    def url(self) -> str:
        """Without the path that all calls have in common."""
        return self.trio.urls["central_control"]

    def headers(self) -> dict[str, str]:
        """Signed in as ops. Raises CommandFailed without the console's token and the deployment's keys."""
        token = self.own_token or self.trio.token(["ops"], (), subject=_who())
        return {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, *, timeout: float = TIMEOUT, **request: Any) -> Any:
        """One request under `/control/v1`, its JSON answer. Raises CommandFailed with the console's own words."""
        import httpx

        headers = self.headers() | request.pop("headers", {})
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        with self._reached():
            answer = httpx.request(
                method, self._at(path), headers=headers, timeout=timeout, trust_env=False, **request
            )
        check(answer)
        return answer.json() if answer.content else None

    def lines(self, path: str, **params: Any) -> Iterator[str]:
        """An answer of many lines, one after the other."""
        import httpx

        with (
            self._reached(),
            httpx.stream(
                "GET",
                self._at(path),
                params=params,
                headers=self.headers(),
                timeout=LONG,
                trust_env=False,
            ) as answer,
        ):
            if answer.is_error:
                answer.read()
            check(answer)
            yield from answer.iter_lines()

    def _at(self, path: str) -> str:
        return f"{self.url}/control/v1/{path}"

    @contextmanager
    def _reached(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise CommandFailed(f"No answer from {self.url}: {reason}; {NO_ANSWER}") from error


def _who() -> str:
    """Who sits here, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "ektp"


def find_control() -> ControlPort:
    """The console of the trio that runs in EKTP_HOME, else the one that the settings name."""
    settings = TrioSettings()
    own = settings.central_control_token
    return ControlPort(find_trio(settings), (own and own.get_secret_value()) or None)


def check(answer: "httpx.Response") -> None:
    """Raise CommandFailed with the problem's words and every field that it names."""
    if not answer.is_error:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    said = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    fields = "; ".join(f"{each['pointer']}: {each['detail']}" for each in problem.get("errors") or ())
    raise CommandFailed(f"{said}{f' ({fields})' if fields else ''} [{answer.status_code}]")
