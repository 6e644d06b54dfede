"""What a person sees once everything is ready: one table, the demo accounts, three things to try."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.ektp.launch.state import TrioState
from services.ektp.settings import TrioSettings, without_password
from shared.keys import Credential
from shared.settings import Profile

OFFICE = "33.13.07"
PIPE_WIDTH = 120


def welcome(
    state: TrioState, settings: TrioSettings, credentials: Sequence[Credential], *, coloured: bool
) -> str:
    """The whole screen as text; folded to the terminal, never cut, so that a URL can be copied."""
    console = Console(
        file=io.StringIO(), force_terminal=coloured, width=None if coloured else PIPE_WIDTH, highlight=False
    )
    console.print(parts_table(state, settings))
    if settings.profile is Profile.DEMO and credentials:
        console.print(accounts_table(credentials))
    console.print(f"Three things to try ({OFFICE} is Ngargoyoso):")
    for number, line in enumerate(things_to_try(state), 1):
        console.print(f"  {number}. {line}", soft_wrap=True, markup=False)
    console.print("Ctrl-C stops everything.")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def parts_table(state: TrioState, settings: TrioSettings) -> Table:
    """What runs, where, and how it is."""
    table = Table(title="The trio is ready", title_justify="left")
    for heading in ("what", "URL", "state"):
        table.add_column(heading, overflow="fold")
    for name, service in state.services.items():
        table.add_row(name, f"{service.url}/docs", f"ready (process {service.pid})")
    table.add_row("central control", state.central_control_url, "ready")
    ours = f"ready (process {state.broker_pid}, private)" if state.broker_pid else "given by BROKER_URL"
    table.add_row("RabbitMQ", _broker_shown(state), ours)
    for name, url in settings.database_urls.items():
        table.add_row(f"{name}'s database", without_password(url), "migrated")
    table.add_row("state and keys", str(state.home), "kept between starts")
    return table


def accounts_table(credentials: Sequence[Credential]) -> Table:
    """The accounts `POST /v1/auth/token` takes; they are made up anew for each EKTP_HOME."""
    table = Table(title="Demo accounts", title_justify="left")
    for heading in ("user", "password", "role", "offices"):
        table.add_column(heading, overflow="fold")
    for each in credentials:
        table.add_row(each.username, each.password, ", ".join(each.roles), ", ".join(each.offices))
    return table


def things_to_try(state: TrioState) -> list[str]:
    """Commands that work as they stand, from the directory of the Makefile."""
    ektp = _command(state.home)
    queue = state.services["queue_api"].url
    take = (
        f"curl -X POST {queue}/v1/offices/{OFFICE}/tickets "
        f'-H "Authorization: Bearer $({ektp} token --role kiosk --office {OFFICE})" '
        '-H "Idempotency-Key: $(date +%s%N)" -H "Content-Type: application/json" '
        """-d '{"service": "ENROLMENT"}'"""
    )
    outage = f"{ektp} central offline --mode hang --for 2h10m; {ektp} status; {ektp} central online"
    return [
        f"The waiting room's board: curl {queue}/v1/offices/{OFFICE}/board",
        f"Take a number: {take}",
        f"Let the centre hang for two hours and look: {outage}",
    ]


def _command(home: Path) -> str:
    if home == Path(".run").resolve():
        return ".venv/bin/ektp"
    shown = os.path.relpath(home) if home.is_relative_to(Path.cwd()) else str(home)
    return f"EKTP_HOME={shown} .venv/bin/ektp"


def _broker_shown(state: TrioState) -> str:
    """The private node's guest account is no secret; somebody else's password is."""
    return state.broker_url if state.broker_pid else without_password(state.broker_url)
