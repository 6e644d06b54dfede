"""The schedule of a run: which fault falls when, on whom, for how long. A pure function of the seed."""

import random

from tests.chaos.faults.acting import Kind, Option, Planned
from tests.chaos.faults.table import TABLE
from tests.chaos.setup import LEAD_IN, Setup

MEAN_GAP = 1.8
"""Seconds between the beginnings of two faults, on average."""
LAST_BREATH = 3.0
"""Seconds before the end in which nothing begins."""


def schedule(setup: Setup, table: tuple[Kind, ...] = TABLE) -> list[Planned]:
    """All faults of the run in the order in which they fall. No two have the same part at the same time."""
    dice = random.Random(f"schedule/{setup.seed}")
    kinds = [(kind, options) for kind in table if (options := _wanted(setup, kind))]
    busy_until: dict[str, float] = {}
    planned: list[Planned] = []
    at = LEAD_IN
    while at < setup.seconds - LAST_BREATH:
        drawn = _draw(dice, kinds, busy_until, at)
        if drawn is not None:
            kind, option = drawn
            lasts = round(dice.uniform(*kind.lasts), 2)
            planned.append(
                Planned(
                    len(planned) + 1,
                    round(at, 2),
                    kind.name,
                    option.target,
                    lasts,
                    option.parts,
                    option.detail,
                )
            )
            busy_until |= dict.fromkeys(option.parts, at + lasts + kind.pause)
        at += dice.expovariate(1.0 / MEAN_GAP)
    return planned


def _wanted(setup: Setup, kind: Kind) -> list[Option]:
    """All ways in which it can fall, or those that were asked for: `killed`, or `killed queue`."""
    options = kind.options(setup)
    if not setup.kinds or kind.name in setup.kinds:
        return options
    return [each for each in options if f"{kind.name} {each.target}" in setup.kinds]


def _draw(
    dice: random.Random, kinds: list[tuple[Kind, list[Option]]], busy_until: dict[str, float], at: float
) -> tuple[Kind, Option] | None:
    """A kind by weight, one of its options evenly; None when what was drawn has no room now."""
    kind, options = dice.choices(kinds, [each.weight for each, _ in kinds])[0]
    option = dice.choice(options)
    if any(busy_until.get(part, 0.0) > at for part in option.parts):
        return None
    return kind, option


def shown(setup: Setup, planned: list[Planned]) -> str:
    """The schedule as text."""
    return "\n".join([f"schedule of {setup.command}", *map(str, planned)])
