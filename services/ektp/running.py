"""The trio a command talks to: the one running in EKTP_HOME, else where the settings say it is."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.ektp.errors import CommandFailed
from services.ektp.launch.state import TrioState, read_state
from services.ektp.settings import SERVICES, TrioSettings

if TYPE_CHECKING:  # loaded when first used: they cost other commands a second
    import httpx

HOUR = 3600.0
TIMEOUT = 5.0


@dataclass(frozen=True)
class RunningTrio:
    """Addresses and keys, enough to be any client."""

    urls: dict[str, str]
    keys_dir: Path
    state: TrioState | None

    def token(
        self, roles: Iterable[str], offices: Iterable[str], *, subject: str = "ektp", hours: float = 1
    ) -> str:
        """A token signed with the deployment's key. Raises CommandFailed."""
        from shared.signing import PRIVATE_KEY, Role, sign_token

        if not (self.keys_dir / PRIVATE_KEY).exists():
            raise CommandFailed(f"No keys in {self.keys_dir}; `ektp setup` makes them, or set EKTP_HOME")
        try:
            return sign_token(
                self.keys_dir, subject=subject, roles=roles, offices=offices, lifetime=hours * HOUR
            )
        except ValueError:
            known = ", ".join(role.value for role in Role)
            raise CommandFailed(f"No such role; the roles are {known}") from None

    def call(self, method: str, url: str, *, json: Any = None, roles: Iterable[str] = ("ops",)) -> Any:
        """One request as `roles`, its JSON answer. Raises CommandFailed with the problem's own words."""
        import httpx

        headers = {"Authorization": f"Bearer {self.token(roles, ())}"}
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        try:
            answer = httpx.request(method, url, json=json, headers=headers, timeout=TIMEOUT, trust_env=False)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise CommandFailed(f"No answer from {url}: {reason}; does the trio run? (`make run`)") from error
        if answer.is_error:
            raise CommandFailed(f"{url} answered {answer.status_code}: {problem_of(answer)}")
        return answer.json() if answer.content else None


def find_trio(settings: TrioSettings) -> RunningTrio:
    """The trio of these settings."""
    state = read_state(settings.root)
    if state is None:
        return RunningTrio(settings.urls, settings.keys, None)
    urls = {name: state.services[name].url for name in SERVICES if name in state.services}
    return RunningTrio(urls | {"central_control": state.central_control_url}, state.keys_dir, state)


def problem_of(answer: "httpx.Response") -> str:
    """The detail of a problem document, or the plain status."""
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    except (ValueError, AttributeError):
        return answer.reason_phrase
