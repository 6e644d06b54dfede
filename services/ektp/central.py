"""`ektp central`: take the centre offline on command and bring it back."""

from typing import Annotated

import typer

from services.ektp.durations import iso_duration
from services.ektp.errors import CommandFailed
from services.ektp.running import find_trio
from services.ektp.settings import TrioSettings

app = typer.Typer(help="Play the centre's outages.", no_args_is_help=True)


@app.command()
def offline(
    mode: Annotated[str, typer.Option(help="refuse, hang, reset, http_503 …")] = "refuse",
    duration: Annotated[
        str | None, typer.Option("--for", help="How long, like 2h10m; without it the centre's own limit.")
    ] = None,
) -> None:
    """Take the centre offline; it comes back by itself."""
    body = {"mode": mode.upper().replace("-", "_")}
    if duration is not None:
        try:
            body["for"] = iso_duration(duration)
        except ValueError as error:
            raise CommandFailed(str(error), code=2) from error
    trio = find_trio(TrioSettings())
    trio.call("POST", f"{trio.urls['central_control']}/control/v1/offline", json=body)
    lasting = f" for {duration}" if duration else ""
    typer.echo(f"The centre is offline ({body['mode']}){lasting}.")


@app.command()
def online() -> None:
    """Bring the centre back now."""
    trio = find_trio(TrioSettings())
    trio.call("POST", f"{trio.urls['central_control']}/control/v1/online")
    typer.echo("The centre is online.")
