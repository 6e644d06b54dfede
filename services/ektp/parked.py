"""`ektp parked`: what the consumers could not apply, and sending it back once the cause is mended."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.ektp.errors import CommandFailed
from services.ektp.running import find_trio
from services.ektp.settings import TrioSettings
from shared.messaging.parking import ParkedMessage, list_parked, replay_parked

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command("list")
def list_all() -> None:
    """Show what lies in the parking queues, with the reason of each."""
    try:
        messages = asyncio.run(list_parked(_broker_url()))
    except (OSError, TimeoutError) as error:
        raise CommandFailed(f"the broker can't be reached: {error}") from error
    if not messages:
        typer.echo("Nothing is parked.")
        return
    Console().print(_table(messages))


@app.command()
def replay(
    queue: Annotated[str, typer.Argument(help="A parking queue, as `ektp parked list` names it.")],
    event: Annotated[str | None, typer.Option("--event", help="Only the event with this id.")] = None,
) -> None:
    """Send what lies in a parking queue back to its consumer."""
    try:
        count = asyncio.run(replay_parked(_broker_url(), queue, event))
    except LookupError as error:
        raise CommandFailed(str(error)) from error
    except (OSError, TimeoutError) as error:
        raise CommandFailed(f"the broker can't be reached: {error}") from error
    typer.echo(f"{count} sent back to {queue.removesuffix('.parked')}.")


def _broker_url() -> str:
    settings = TrioSettings()
    state = find_trio(settings).state
    url = state.broker_url if state is not None else settings.broker_url
    if url is None:
        raise CommandFailed("no trio runs here and no BROKER_URL is set")
    return url


def _table(messages: list[ParkedMessage]) -> Table:
    table = Table("queue", "event", "type", "subject", "sequence", "reason")
    for each in messages:
        sequence = "" if each.sequence is None else str(each.sequence)
        table.add_row(each.queue, each.event_id, each.type, each.subject, sequence, each.reason)
    return table
