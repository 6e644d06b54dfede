"""`ektp status`: what an engineer wants to know first, in one table."""

from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.ektp.errors import CommandFailed
from services.ektp.running import RunningTrio
from services.ektp.settings import SERVICES
from shared.security import Role

TIMEOUT = 3.0
Rows = list[tuple[str, str, str]]


def show_status(trio: RunningTrio) -> None:
    """Print the table. Raises CommandFailed when no service answers at all."""
    services = service_rows(trio)
    table = Table()
    for heading in ("what", "state", "more"):
        table.add_column(heading, overflow="fold")
    for row in [*services, *link_rows(trio), *outage_rows(trio)]:
        table.add_row(*row)
    console = Console()
    console.print(table)
    if all(state == "DOWN" for _, state, _ in services):
        raise CommandFailed("Nothing runs here; start it with `make run`")


def service_rows(trio: RunningTrio) -> Rows:
    """Whether each service is ready, and what it says of its parts when it is not."""
    rows: Rows = []
    for name in SERVICES:
        # The centre's own port may be offline on command; its control port tells of the process.
        url = trio.urls["central_control"] if name == "central_mock" else trio.urls[name]
        restarts = trio.state.services[name].restarts if trio.state and name in trio.state.services else 0
        since = f", restarted {restarts} times" if restarts else ""
        try:
            answer = httpx.get(f"{url}/health/ready", timeout=TIMEOUT, trust_env=False)
        except httpx.TransportError as error:
            rows.append((name, "DOWN", f"{url}: {str(error) or type(error).__name__}"))
            continue
        rows.append((name, "READY" if answer.is_success else "NOT READY", f"{url}{since}{_failing(answer)}"))
    return rows


def _failing(answer: httpx.Response) -> str:
    try:
        components: dict[str, dict[str, str]] = answer.json().get("components", {})
    except (ValueError, AttributeError):
        return ""
    return "".join(
        f"; {name} {each['state']}" for name, each in components.items() if each.get("state") != "UP"
    )


def link_rows(trio: RunningTrio) -> Rows:
    """The link to the centre, the backlog and its oldest record."""
    try:
        link = trio.call("GET", f"{trio.urls['enrolment_api']}/v1/central-link", roles=[Role.OPS])
    except CommandFailed as error:
        return [("link to the centre", "UNKNOWN", str(error))]
    hop = f"{link['hop']} failed, " if link.get("hop") else ""
    return [
        ("link to the centre", str(link.get("state")), f"{hop}since {link.get('since')}"),
        ("backlog", *_backlog(link)),
        ("oldest unsent", str(link.get("oldest_unsent") or "none"), ""),
    ]


def _backlog(link: dict[str, Any]) -> tuple[str, str]:
    backlog = link.get("backlog")
    if isinstance(backlog, dict):
        more = ", ".join(f"{name} {value}" for name, value in backlog.items() if name != "records")
        return f"{backlog.get('records')} records", more
    expected = link.get("expected_end")
    return f"{backlog} records", f"expected to be sent by {expected}" if expected and backlog else ""


def outage_rows(trio: RunningTrio) -> Rows:
    """Every outage that is open at an office."""
    queue = trio.urls["queue_api"]
    rows: Rows = []
    try:
        offices = trio.call("GET", f"{queue}/v1/offices")["items"]
        for office in offices:
            code = office.get("code") or office.get("office")
            outage = trio.call("GET", f"{queue}/v1/offices/{code}/board").get("outage")
            if outage:
                rows.append((f"outage at {code}", str(outage.get("hop")), f"since {_since(outage)}"))
    except CommandFailed as error:
        return [("outages", "UNKNOWN", str(error))]
    return rows or [("outages", "none", "")]


def _since(outage: dict[str, Any]) -> str:
    return str(outage.get("since") or outage.get("started_at") or outage.get("opened_at"))
