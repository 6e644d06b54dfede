"""What happened at the centre: the last of it, all of it in a file, or as it happens."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from services.ektp.central.control import ControlPort, find_control
from services.ektp.central.ordering import name_of_kind
from services.ektp.central.showing import entry_line

Text = str | None
Flag = bool | None


def journal(
    *,
    what: Annotated[list[str] | None, typer.Option(help="request, connection, rule or scenario; repeatable.")] = None,
    office: Annotated[Text, typer.Option(help="A trailing * stands for any end.")] = None,
    key: Annotated[Text, typer.Option(help="Of a record.")] = None,
    rule: Annotated[Text, typer.Option(help="A rule that acted.")] = None,
    fault: Annotated[Text, typer.Option(help="The kind of the first fault that acted.")] = None,
    route: Annotated[Text, typer.Option(help="Like /central/v1/records.")] = None,
    status: Annotated[int | None, typer.Option(help="That was answered.")] = None,
    outcome: Annotated[Text, typer.Option(help="accepted, replayed, conflict, rejected, not-whole.")] = None,
    since: Annotated[Text, typer.Option(help="By the centre's clock, RFC 3339.")] = None,
    until: Annotated[Text, typer.Option(help="Before this, RFC 3339.")] = None,
    fired: Annotated[Flag, typer.Option("--fired/--not-fired", help="Whether any rule acted.")] = None,
    applied: Annotated[Flag, typer.Option("--applied/--not-applied", help="Whether a record took effect.")] = None,
    acknowledged: Annotated[
        Flag, typer.Option("--acknowledged/--not-acknowledged", help="Whether the whole answer went out.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many, the last ones.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", help="What comes from now on; Ctrl-C ends it.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="All that matches into this file, one JSON object a line; - prints it.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:  # fmt: skip
    """Show what the centre lived through."""
    told = {
        "what": [each.upper() for each in what or ()],
        "office": office,
        "key": key,
        "rule": rule,
        "fault": fault and name_of_kind(fault),
        "route": route,
        "status": status,
        "outcome": outcome and name_of_kind(outcome),
        "since": since,
        "until": until,
        "fired": fired,
        "applied": applied,
        "acknowledged": acknowledged,
    }
    wanted = {name: value for name, value in told.items() if value not in (None, [])}
    control = find_control()
    if export is not None:
        _export(control, wanted, export)
    elif follow:
        for each in _followed(control, wanted):
            _print(each, json_)
    else:
        for each in control.call("GET", "journal", params=wanted | {"newest": True, "limit": limit})["items"]:
            _print(each, json_)


def _print(entry: dict[str, Any], json_: bool) -> None:
    print(json.dumps(entry) if json_ else entry_line(entry), flush=True)


def _followed(control: ControlPort, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line in control.lines("stream", **wanted):
        if line.startswith("data: "):
            yield json.loads(line[6:])


def _export(control: ControlPort, wanted: dict[str, Any], file: Path) -> None:
    count = 0
    if str(file) == "-":
        for line in control.lines("journal/export", **wanted):
            print(line)
        return
    with file.open("w") as out:
        for line in control.lines("journal/export", **wanted):
            out.write(line + "\n")
            count += 1
    typer.echo(f"{count} entries in {file}.")
