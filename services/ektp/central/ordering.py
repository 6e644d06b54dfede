"""A rule from what was typed, held against the centre's own specification before anything is sent."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from services.ektp.durations import iso_duration
from services.ektp.errors import CommandFailed

SHAPE = ("probability", "first", "every", "after", "times", "per")


def name_of_kind(text: str) -> str:
    """`http-503` and `drip` as the console knows them."""
    return text.upper().replace("-", "_")


def lasting(text: str) -> str:
    """A duration as the console takes it. Raises CommandFailed."""
    try:
        return iso_duration(text)
    except ValueError as error:
        raise CommandFailed(str(error), code=2) from error


def settings_of(given: Iterable[str]) -> dict[str, Any]:
    """`bytes_per_second=8` as a setting: numbers, true, false and null as such, all else as text."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise CommandFailed(f"{each!r} is no setting: write it like bytes_per_second=8", code=2)
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def order_of(
    kind: str,
    *,
    settings: Sequence[str],
    offices: Sequence[str],
    endpoints: Sequence[str],
    keys: Sequence[str],
    direction: str | None,
    shape: dict[str, Any],
    more: dict[str, Any],
) -> dict[str, Any]:
    """The body of an order, without what was not said. Raises CommandFailed, naming each field that is wrong."""
    match = {"offices": list(offices), "endpoints": list(endpoints), "keys": list(keys)}
    if direction is not None:
        match["direction"] = direction.upper()  # type: ignore[assignment]  # the other three are lists
    order = {
        "fault": {"kind": name_of_kind(kind), **settings_of(settings)},
        "match": {name: value for name, value in match.items() if value},
        "shape": {name: shape[name] for name in SHAPE if shape.get(name) is not None},
        **{name: value for name, value in more.items() if value is not None},
    }
    check_order(order)
    return order


def check_order(order: dict[str, Any]) -> None:
    """Raise CommandFailed where the centre would refuse the fields; what only it can know it says itself."""
    from services.central_mock.faults.rules.schemas import (
        RuleOrder,
    )  # 0.2 s that other commands need not wait

    try:
        RuleOrder.model_validate(order)
    except ValidationError as error:
        raise CommandFailed(why(error), code=2) from error


def why(error: ValidationError) -> str:
    """Each field and what is wrong with it, in one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'it'}: {each['msg']}"
        for each in error.errors(include_url=False)
    )
