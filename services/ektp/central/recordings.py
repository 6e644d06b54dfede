"""What rules did, to take away and play again; the dice; who did what; and a fresh start."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.ektp.central.control import find_control
from services.ektp.central.showing import RULE_HEADINGS, rule_row, show
from services.ektp.errors import CommandFailed

PAGE = 1000
NDJSON = {"Content-Type": "application/x-ndjson"}


def recording(
    file: Annotated[Path, typer.Argument(help="Where to; - prints it.")] = Path("-"),
) -> None:
    """Export seed, rules and every firing in order, one JSON object a line."""
    lines = find_control().lines("recording")
    if str(file) == "-":
        for line in lines:
            print(line)
        return
    text = "".join(f"{line}\n" for line in lines)
    file.write_text(text)
    typer.echo(f"{text.count(chr(10)) - 1} things that rules did are in {file}.")


def replay(
    file: Annotated[Path, typer.Argument(help="What `ektp central recording` wrote.")],
    exact: Annotated[
        bool, typer.Option("--exact", help="The recorded firings and no others, instead of the same dice.")
    ] = False,
) -> None:
    """Take everything off and set what a recording had, so that the same requests meet the same faults."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", code=2) from error
    how = {"how": "EXACT" if exact else "DRAW"}
    found = find_control().call("POST", "replay", content=content, params=how, headers=NDJSON)
    typer.echo(f"Seed {found['seed']}.")
    show(*RULE_HEADINGS, rows=[rule_row(each) for each in found["items"]])


def seed(
    number: Annotated[int | None, typer.Argument(min=0, help="Start the dice from here.")] = None,
) -> None:
    """Show what the dice start from, or start them elsewhere and count attempts anew."""
    control = find_control()
    found = (
        control.call("GET", "seed") if number is None else control.call("PUT", "seed", json={"seed": number})
    )
    typer.echo(f"Seed {found['seed']}.")


def audit(
    limit: Annotated[int, typer.Option(min=1, help="So many, the last ones.")] = 40,
) -> None:
    """Who set and ended what, when and why. A reset does not forget it."""
    control = find_control()
    cursor: str | None = ""
    found: list[dict[str, Any]] = []
    while cursor is not None:
        page = control.call("GET", "audit", params={"cursor": cursor, "limit": PAGE})
        found = [*found, *page["items"]][-limit:]
        cursor = page["next_cursor"]
    rows = [(each["at"], each["by"], each["action"], each["name"], each["reason"]) for each in found]
    show("at", "by", "did", "rule", "why", rows=rows)


def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget all records, results, the journal and all rules."""
    if not yes:
        typer.confirm("All records, results, the journal and all rules will be forgotten. Go on?", abort=True)
    find_control().call("POST", "reset")
    typer.echo("The centre is empty and well.")
