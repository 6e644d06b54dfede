"""What clients believe against what the centre holds, and how the clients behaved. The exit code is the verdict."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from services.ektp.central.control import LONG, find_control
from services.ektp.central.showing import as_json, show
from services.ektp.errors import CommandFailed

WRONG = ("lost", "duplicated", "unexpected", "mismatched")
TOLD = (*WRONG, "recovered", "reordered")
Json = Annotated[bool, typer.Option("--json", help="As the console says it, for scripts.")]
Together = Annotated[bool, typer.Option("--together", help="All offices are one client's.")]


def verify(
    file: Annotated[str, typer.Argument(help='Keys, or {"key", "sha256"?, "office"?}, one a line; - reads the input.')],
    *,
    office: Annotated[str | None, typer.Option(help="All of this office is listed.")] = None,
    since: Annotated[str | None, typer.Option(help="Captured at or after, RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(help="Captured before, RFC 3339.")] = None,
    together: Together = False,
    json_: Json = False,
) -> None:  # fmt: skip
    """Hold a list of records against the centre; exit code 1 when they differ."""
    about = {"office": office, "since": since, "until": until}
    body = {"records": believed(_text(file)), "client": {"together": together}} | {
        name: value for name, value in about.items() if value is not None
    }
    found = find_control().call("POST", "verify", json=body, timeout=LONG)
    if json_:
        as_json(found)
    else:
        _tell(found)
    if not found["ok"]:
        raise typer.Exit(1)


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} can't be read: {error}", code=2) from error


def believed(text: str) -> list[dict[str, Any]]:
    """The records of a list, each line a key or a JSON object. Raises CommandFailed with the line's number."""
    records: list[dict[str, Any]] = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line:
            continue
        if not line.startswith("{"):
            records.append({"key": line})
            continue
        try:
            each = json.loads(line)
            records.append({name: each[name] for name in ("key", "sha256", "office") if each.get(name)})
        except ValueError as error:
            raise CommandFailed(f"line {number} is no JSON: {error}", code=2) from error
        if "key" not in records[-1]:
            raise CommandFailed(f"line {number} names no key", code=2)
    return records


def _tell(found: dict[str, Any]) -> None:
    typer.echo(f"{found['at_centre']} of {found['expected']} are at the centre.")
    for each in TOLD:
        keys = found[each]
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            typer.echo(f"{each}: {len(keys)} ({', '.join(keys[:5])}{more})")
    for each in (found["client"] or {}).get("wrong", ()):
        typer.echo(f"The client: {each}.")
    typer.echo("Belief and fact agree." if found["ok"] else "Belief and fact differ.")


def behaviour(
    office: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    since: Annotated[str | None, typer.Option(help="By the centre's clock, RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this, RFC 3339.")] = None,
    together: Together = False,
    json_: Json = False,
) -> None:
    """How the clients behaved: waits, jitter, Retry-After, probes, the ramp; exit code 1 when something is wrong."""
    asked = {"office": office, "since": since, "until": until, "together": together or None}
    params = {name: value for name, value in asked.items() if value is not None}
    found = find_control().call("GET", "behaviour", params=params, timeout=LONG)
    if json_:
        as_json(found)
    else:
        _tell_behaviour(found)
    if found["wrong"]:
        raise typer.Exit(1)


def _tell_behaviour(found: dict[str, Any]) -> None:
    typer.echo(
        f"{found['requests']} requests of {found['offices']} offices, {found['retries']} of them further attempts."
    )
    rows = [
        (what.replace("_", " "), ", ".join(_figures(found[what])))
        for what in ("waits", "crowd", "retry_after", "half_open", "ramp")
    ]
    show("about", "seen", rows=rows)
    typer.echo(
        "\n".join(f"Wrong: {each}." for each in found["wrong"]) or "Nothing is wrong with what was seen."
    )


def _figures(found: dict[str, Any]) -> Iterator[str]:
    """What was seen of one thing; lists and what could not be seen are for --json."""
    for name, value in found.items():
        if value is not None and not isinstance(value, (list, dict)):
            yield f"{name} {_short(value)}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
