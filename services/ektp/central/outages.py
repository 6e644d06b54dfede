"""Take the whole centre away and bring it back: what is done most often has the shortest words."""

from typing import Annotated, Any

import typer

from services.ektp.central.control import find_control
from services.ektp.central.ordering import lasting, name_of_kind
from services.ektp.central.showing import RULE_HEADINGS, as_json, rule_row, show, span


def offline(
    mode: Annotated[
        str, typer.Option(help="refuse, hang, black-hole, reset, http-503, captive-portal, redirect …")
    ] = "refuse",
    duration: Annotated[
        str | None, typer.Option("--for", help="How long, like 2h10m; without it the centre's own limit.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who read the audit.")] = "",
) -> None:
    """Take the centre offline; it comes back by itself."""
    body = {"mode": name_of_kind(mode)}
    if duration is not None:
        body["for"] = lasting(duration)
    if reason:
        body["reason"] = reason
    find_control().call("POST", "offline", json=body)
    typer.echo(f"The centre is offline ({body['mode']}){f' for {duration}' if duration else ''}.")


def online() -> None:
    """End what `offline` set, now. Other rules stay: `clear` takes all off."""
    others = find_control().call("POST", "online")["rules"]
    typer.echo("The centre is online." + (f" {len(others)} other rules are on." if others else ""))


def state(
    json_: Annotated[bool, typer.Option("--json", help="As the console says it, for scripts.")] = False,
) -> None:
    """What is on, for how long still, what it did so far, and what the centre holds."""
    found = find_control().call("GET", "state")
    if json_:
        as_json(found)
        return
    typer.echo("\n".join(state_lines(found)))
    if found["rules"]:
        show(*RULE_HEADINGS, rows=[rule_row(each) for each in found["rules"]])


def state_lines(found: dict[str, Any]) -> list[str]:
    """The state in a few sentences."""
    fault, records = found["fault"], found["records"]
    lines = [
        "The centre is online."
        if fault is None
        else f"The centre is offline ({fault['mode']}) for another {span(fault['seconds_left'])}, by {fault['set_by']}."
    ]
    if run := found["scenario"]:
        lines.append(scenario_line(run))
    if not found["listening"]:
        lines.append("Nobody listens on its port.")
    speed = "" if found["clock_speed"] == 1 else f", {found['clock_speed']:g} times as fast"
    lines += [
        f"{records['total']} records, {records['waiting']} of them not decided.",
        f"{found['open_connections']} connections; {found['journal_entries']} entries in the journal.",
        f"Seed {found['seed']}; its clock says {found['now']}{speed}.",
    ]
    return lines + ([f"After the last start: {found['restored']}."] if found["restored"] else [])


def scenario_line(run: dict[str, Any]) -> str:
    """Where a scenario stands."""
    stage = run["stage"]
    rest = "paused" if stage["seconds_left"] is None else f"{span(stage['seconds_left'])} left"
    after = f", then {run['next_stage']}" if run["next_stage"] else ""
    refused = f"; refused: {', '.join(stage['refused'])}" if stage["refused"] else ""
    return (
        f"Scenario {run['scenario']}: stage {stage['name']} ({stage['number']} of {stage['of']}), {rest}{after}; "
        f"over in {span(run['seconds_left'])}{refused}."
    )
