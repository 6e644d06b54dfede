"""Timelines of faults: list, define, start, hold, step, stop."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from services.ektp.central.control import find_control
from services.ektp.central.ordering import lasting, why
from services.ektp.central.outages import scenario_line
from services.ektp.central.showing import about, as_json, how_often, settings, show, span
from services.ektp.errors import CommandFailed

app = typer.Typer(help="Play an outage as it went, stage by stage.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As `ektp central scenario list` names it.")]
Json = Annotated[bool, typer.Option("--json", help="As the console says it, for scripts.")]


@app.command("list")
def list_scenarios(json_: Json = False) -> None:
    """All that can be started."""
    found = find_control().call("GET", "scenarios")
    if json_:
        as_json(found)
        return
    rows = [
        (each["name"], ", ".join(each["stages"]), span(each["seconds"]), each["state"].lower())
        for each in found["items"]
    ]
    show("scenario", "stages", "lasts", "state", rows=rows)


@app.command("show")
def show_scenario(name: Name, json_: Json = False) -> None:
    """Its stages with their faults; where it stands, if it runs."""
    found = find_control().call("GET", f"scenarios/{name}")
    if json_:
        as_json(found)
        return
    scenario = found["scenario"]
    typer.echo(f"{scenario['name']}: {scenario['description']}\nSource: {scenario['source']}")
    for each in scenario["assumed"]:
        typer.echo(f"Assumed: {each}")
    show("stage", "lasts", "fault", "about", "how often", rows=_rows(scenario["stages"]))
    if found["run"]:
        typer.echo(scenario_line(found["run"]))


def _rows(stages: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for stage in stages:
        rows.append((stage["name"], stage["lasts"], "" if stage["faults"] else "none: a time of health"))
        rows += [("", "", _fault(each), about(each), how_often(each)) for each in stage["faults"]]
    return rows


def _fault(each: dict[str, Any]) -> str:
    ramps = "".join(
        f"; {ramp['parameter']} from {ramp['from']:g} to {ramp['to']:g}" for ramp in each["ramps"]
    )
    return f"{each['fault']['kind']} {settings(each['fault'])}{ramps}"


@app.command()
def define(
    file: Annotated[Path, typer.Argument(help="A scenario in TOML; docs/scenarios.md shows one.")],
) -> None:
    """Give the centre a scenario of your own, or a new version of it."""
    from services.central_mock.faults.scenarios.presets import (
        parse,
    )  # the centre's code, for this command alone

    try:
        scenario = parse(file.read_text())
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", code=2) from error
    except tomllib.TOMLDecodeError as error:
        raise CommandFailed(f"{file} is no TOML: {error}", code=2) from error
    except ValidationError as error:
        raise CommandFailed(f"{file}: {why(error)}", code=2) from error
    body = scenario.model_dump(mode="json", by_alias=True)
    find_control().call("PUT", f"scenarios/{scenario.name}", json=body)
    typer.echo(f"{scenario.name} is defined: {', '.join(stage.name for stage in scenario.stages)}.")


@app.command()
def forget(name: Name) -> None:
    """Forget a scenario that was defined."""
    find_control().call("DELETE", f"scenarios/{name}")
    typer.echo(f"{name} is forgotten.")


@app.command()
def start(
    name: Name,
    stage: Annotated[str | None, typer.Option(help="Begin with this one.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who read the audit.")] = "",
) -> None:
    """Begin; one runs at a time."""
    _tell(find_control().call("POST", f"scenarios/{name}/start", json={"stage": stage, "reason": reason}))


@app.command()
def pause(
    name: Name,
    duration: Annotated[str | None, typer.Option("--for", help="How long; an hour unless said.")] = None,
) -> None:
    """Hold the stage with its faults on; it goes on by itself after a while."""
    body = {"for": lasting(duration)} if duration else {}
    _tell(find_control().call("POST", f"scenarios/{name}/pause", json=body))


@app.command()
def resume(name: Name) -> None:
    """Go on."""
    _tell(find_control().call("POST", f"scenarios/{name}/resume"))


@app.command()
def step(name: Name) -> None:
    """Go to the next stage now."""
    _tell(find_control().call("POST", f"scenarios/{name}/step"))


@app.command()
def stop(name: Name) -> None:
    """End it and its faults."""
    _tell(find_control().call("POST", f"scenarios/{name}/stop"))


def _tell(found: dict[str, Any]) -> None:
    run = found["run"]
    typer.echo(scenario_line(run) if run else f"Scenario {found['scenario']['name']} does not run.")
