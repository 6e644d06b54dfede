"""How things of the console are put into words and columns on a terminal."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

NAME = 34
"""Columns of the terminal for a name: the longest of a scenario fits."""
ROOM = {"fault": 18, "about": 10, "ends in": 9}
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def show(*headings: str, rows: Sequence[Sequence[object]]) -> None:
    """A table."""
    made = table(headings)
    for row in rows:
        made.add_row(*cells(row))
    Console().print(made)


def cells(row: Sequence[object]) -> list[Text]:
    """As they are: what somebody wrote between brackets is no order to the terminal."""
    return [Text("" if each is None else str(each)) for each in row]


def table(headings: Sequence[str], **more: Any) -> Table:
    """An empty one. Long names fold, or they would leave the others no room on a narrow terminal."""
    first, *others = headings
    columns = (Column(each, overflow="fold", min_width=ROOM.get(each)) for each in others)
    return Table(Column(first, overflow="fold", max_width=NAME), *columns, **more)


def as_json(found: Any) -> None:
    """For scripts: one line, as the console answered."""
    typer.echo(json.dumps(found))


def span(seconds: float) -> str:
    """`1 h 59 min`: two units are enough to know when to look again."""
    left = max(round(seconds), 0)
    words = []
    for unit, size in UNITS:
        number, left = divmod(left, size)
        if number:
            words.append(f"{number} {unit}")
    return " ".join(words[:2]) or "0 s"


def moment(text: str | None) -> str:
    """The time of day, in the zone in which it was told."""
    return "" if text is None else f"{datetime.fromisoformat(text):%H:%M:%S}"


def settings(fault: Mapping[str, Any]) -> str:
    """What is set of a fault, its kind apart."""
    return ", ".join(
        f"{name}={value}" for name, value in fault.items() if name != "kind" and value is not None
    )


def about(rule: Mapping[str, Any]) -> str:
    """Whom a rule is about."""
    match = rule["match"]
    parts = [f"{name} {_few(match[name])}" for name in ("offices", "endpoints", "keys") if match.get(name)]
    if match.get("direction", "BOTH") != "BOTH":
        parts.append(match["direction"].lower())
    return "; ".join(parts) or "everything"


def _few(values: Sequence[str]) -> str:
    return ", ".join(values[:3]) + (f" and {len(values) - 3} more" if len(values) > 3 else "")


def how_often(rule: Mapping[str, Any]) -> str:
    """On which of what it matches a rule acts."""
    shape, words = rule["shape"], []
    if shape.get("exactly") is not None:
        return f"{len(shape['exactly'])} requests of a recording"
    if shape["probability"] != 1:
        words.append(f"{shape['probability']:.4g} of them")
    if shape["after"]:
        words.append(f"after {shape['after']}")
    if shape["first"] is not None:
        words.append(f"first {shape['first']}")
    if shape["every"] is not None:
        words.append(f"every {shape['every']}.")
    if words and shape["per"] == "RULE":
        words.append("in order of arrival")
    if shape["times"] is not None:
        words.append(f"{shape['times']} times at most")
    return ", ".join(words) or "always"


def rule_row(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """A rule in the list."""
    fault = rule["fault"]
    told = settings(fault)
    shadow = f" (nothing gets past {rule['shadowed_by']})" if rule["shadowed_by"] else ""
    return (
        rule["name"],
        f"{fault['kind']}{f' {told}' if told else ''}",
        about(rule),
        how_often(rule),
        span(rule["seconds_left"]),
        f"{rule['fired']} of {rule['matched']}{shadow}",
    )


RULE_HEADINGS = ("rule", "fault", "about", "how often", "ends in", "fired")


def entry_line(entry: Mapping[str, Any]) -> str:
    """One entry of the journal in one line."""
    at = moment(entry["at"])
    if entry["what"] in {"RULE", "SCENARIO"}:
        return f"{at} {entry['what'].lower()} {entry['name']} {entry['event']}"
    if entry["what"] == "CONNECTION":
        end = f"closed by {entry['closed_by'].lower()}" if entry["closed_by"] else "open"
        return f"{at} connection {entry['id']} from {entry['peer']}: {entry['requests']} requests, {end}{_by(entry)}"
    return f"{at} {_request(entry)}{_by(entry)}"


def _request(entry: Mapping[str, Any]) -> str:
    route = entry["route"].removeprefix("/central/v1/")
    who = " ".join(filter(None, (entry["office"], entry["key"] and entry["key"][-12:])))
    again = f" attempt {entry['attempt']}" if entry["attempt"] > 1 else ""
    status = entry["status"] or ("no answer" if entry["finished"] else "running")
    took = f" {entry['ms']:.0f} ms" if entry["ms"] is not None else ""
    return f"{entry['method']} {route} {who}{again}: {status}{took}{_truth(entry)}"


def _truth(entry: Mapping[str, Any]) -> str:
    """The dangerous case is worth words: done and not told."""
    if entry["applied"]:
        return ", applied" if entry["acknowledged"] else ", applied, NOT ACKNOWLEDGED"
    return f", {entry['outcome'].lower()}" if entry["outcome"] else ""


def _by(entry: Mapping[str, Any]) -> str:
    return f" [{', '.join(entry['rules'])}]" if entry["rules"] else ""


def is_terminal() -> bool:
    """Whether somebody is looking."""
    return sys.stdout.isatty()
