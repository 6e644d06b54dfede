"""Rules one by one: what there is to choose from, set, look at, take off."""

from typing import Annotated, Any

import typer

from services.ektp.central.control import find_control
from services.ektp.central.ordering import lasting, name_of_kind, order_of
from services.ektp.central.showing import (
    RULE_HEADINGS,
    about,
    as_json,
    how_often,
    rule_row,
    settings,
    show,
    span,
)
from services.ektp.errors import CommandFailed

app = typer.Typer(help="Set faults one by one and take them off.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="As the console says it, for scripts.")]
Many = list[str]


@app.command("list")
def list_rules(json_: Json = False) -> None:
    """What is on, in the order in which it is asked, and how often each acted."""
    found = find_control().call("GET", "faults")
    if json_:
        as_json(found)
    elif found["items"]:
        show(*RULE_HEADINGS, rows=[rule_row(each) for each in found["items"]])
    else:
        typer.echo("No fault is on.")


@app.command("show")
def show_rule(name: Annotated[str, typer.Argument(help="The rule's name.")], json_: Json = False) -> None:
    """All of one rule: who set it and why, what it matched, what it did."""
    rule = find_control().call("GET", f"faults/{name}")
    if json_:
        as_json(rule)
        return
    told = settings(rule["fault"])
    rows = [
        ("fault", f"{rule['fault']['kind']} {told}"),
        ("about", about(rule)),
        ("how often", how_often(rule)),
        ("priority", rule["priority"]),
        ("set", f"{rule['since']} by {rule['set_by']}"),
        ("why", rule["reason"]),
        ("ends", f"{rule['ends_at']}, in {span(rule['seconds_left'])}"),
        ("asked, drawn, fired", f"{rule['matched']}, {rule['drawn']}, {rule['fired']}"),
        ("nothing gets past", rule["shadowed_by"]),
    ]
    show("rule", rule["name"], rows=rows)


@app.command("kinds")
def list_kinds(
    kind: Annotated[str | None, typer.Argument(help="One kind, to see its settings.")] = None,
) -> None:
    """Every fault there is; with a kind, what can be set of it. Needs no running centre."""
    from services.central_mock.faults.rules.catalogue import catalogue  # the centre's code: 1 s

    found = [each.model_dump() for each in catalogue()]
    if kind is None:
        show(
            "kind", "family", "acts at", "what it does",
            rows=[(each["kind"], each["family"], each["stage"], each["about"]) for each in found],
        )  # fmt: skip
        return
    chosen = next((each for each in found if each["kind"] == name_of_kind(kind)), None)
    if chosen is None:
        raise CommandFailed(f"No kind {kind!r}; `ektp central fault kinds` lists them", code=2)
    typer.echo(f"{chosen['kind']}: {chosen['about']}\nActs at {', '.join(chosen['acts_at'])}.")
    if rows := _setting_rows(chosen["settings"]):
        show("setting", "default", "what", rows=rows)


def _setting_rows(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    required = schema.get("required", [])
    return [
        (name, "must be set" if name in required else str(each.get("default")), _limits(each, schema))
        for name, each in schema["properties"].items()
        if name != "kind"
    ]


LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


def _limits(field: dict[str, Any], schema: dict[str, Any]) -> str:
    found = field | next((each for each in field.get("anyOf", ()) if each.get("type") != "null"), {})
    if "$ref" in found:
        found = found | schema["$defs"][found["$ref"].rsplit("/", 1)[-1]]
    words = [found.get("description", ""), *map(str, found.get("enum", ()))]
    return ", ".join(
        filter(None, [*words, *(f"{word} {found[each]:g}" for each, word in LIMITS.items() if each in found)])
    )


@app.command("set")
def set_rule(
    kind: Annotated[str, typer.Argument(help="As `ektp central fault kinds` lists them, like drip.")],
    *,
    setting: Annotated[Many | None, typer.Option(help="Of the fault, like bytes_per_second=8; repeatable.")] = None,
    office: Annotated[Many | None, typer.Option(help="Only this one; a trailing * stands for any end.")] = None,
    endpoint: Annotated[Many | None, typer.Option(help="Only this call, like records.post; repeatable.")] = None,
    key: Annotated[Many | None, typer.Option(help="Only this record; repeatable.")] = None,
    direction: Annotated[str | None, typer.Option(help="Of drip and bandwidth: request or answer.")] = None,
    probability: Annotated[float | None, typer.Option(help="Of acting on what it matches.")] = None,
    first: Annotated[int | None, typer.Option(help="Only the first so many attempts of each key.")] = None,
    every: Annotated[int | None, typer.Option(help="Only each so-manieth.")] = None,
    after: Annotated[int | None, typer.Option(help="Not the first so many.")] = None,
    times: Annotated[int | None, typer.Option(help="So many times at most altogether.")] = None,
    per_rule: Annotated[bool, typer.Option("--per-rule", help="Count all requests, not each key's attempts.")] = False,
    priority: Annotated[int | None, typer.Option(help="Of two of one stage the higher acts.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="How long, like 10m; an hour unless said.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for those who read the audit.")] = None,
    name: Annotated[str | None, typer.Option(help="To find it by; else it is called after its kind.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In place of the rule of that name.")] = False,
) -> None:  # fmt: skip
    """Put a fault on; it ends by itself."""
    order = order_of(
        kind,
        settings=setting or (),
        offices=office or (),
        endpoints=endpoint or (),
        keys=key or (),
        direction=direction,
        shape={
            "probability": probability,
            "first": first,
            "every": every,
            "after": after,
            "times": times,
            "per": "RULE" if per_rule else None,
        },
        more={
            "name": name,
            "priority": priority,
            "for": lasting(duration) if duration else None,
            "reason": reason,
        },
    )
    if replace and name is None:
        raise CommandFailed("--replace needs --name", code=2)
    control = find_control()
    rule = (
        control.call("PUT", f"faults/{name}", json=order)
        if replace
        else control.call("POST", "faults", json=order)
    )
    typer.echo(f"{rule['name']} is on for {span(rule['seconds_left'])}.")


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="The rule's name.")]) -> None:
    """Take one rule off."""
    find_control().call("DELETE", f"faults/{name}")
    typer.echo(f"{name} is off.")


def clear() -> None:
    """Take everything off, whoever set it, and stop the scenario: the centre is well. Safe at any time."""
    find_control().call("DELETE", "faults")
    typer.echo("Nothing is on.")
