"""`ektp bench`: measure, show one table, keep it as JSON.

It is a measurement, not a test: the exit code is 0 also where an aim is missed, and the table says so.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.ektp.bench import calling, claiming, completing, draining, faulting, memory, publishing
from services.ektp.bench.figures import Figure
from services.ektp.bench.machine import load_average, machine
from services.ektp.bench.run import Run
from services.ektp.bench.table import table
from services.ektp.errors import CommandFailed
from services.ektp.settings import TrioSettings
from shared.keys import create_keys

MEASUREMENTS: dict[str, Callable[[Run], list[Figure]]] = {
    "complete": completing.measure,
    "outbox": publishing.measure,
    "drain": draining.measure,
    "call-next": calling.measure,
    "claim": claiming.measure,
    "memory": memory.measure,
    "faults": faulting.measure,
}

Only = Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(MEASUREMENTS)}; repeatable.")]
Rounds = Annotated[int, typer.Option(min=1, max=50, help="Times that each is measured beside its yardstick.")]
Scale = Annotated[
    float, typer.Option(min=0.0001, max=10.0, help="Part of the full size; what is smaller says less.")
]


def bench(only: Only = None, rounds: Rounds = 4, scale: Scale = 1.0) -> None:
    """Measure speed and memory as ratios in one run; prints a table and keeps it in EKTP_HOME/bench/bench.json."""
    console, directory = Console(), TrioSettings().root / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="stage-", dir=directory))
    try:
        create_keys(home / "keys", demo=False)
        run = Run(home=home, keys=home / "keys", rounds=rounds, scale=scale)
        began, load = datetime.now(UTC), load_average()
        figures = _measure(run, _wanted(only), console)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    console.print(table(figures))
    missed = [figure.name for figure in figures if not figure.met]
    console.print(f"Missed: {', '.join(missed)}" if missed else "Every aim is met.")
    path = directory / "bench.json"
    kept = {
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "scale": scale,
        "machine": machine() | {"load_before": load, "load_after": load_average()},
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(kept, indent=2) + "\n")
    console.print(f"Kept in {path}", soft_wrap=True)


def _wanted(only: list[str] | None) -> list[str]:
    unknown = sorted(set(only or ()) - MEASUREMENTS.keys())
    if unknown:
        raise CommandFailed(f"No such measurement: {unknown[0]}; there are {', '.join(MEASUREMENTS)}", code=2)
    return [name for name in MEASUREMENTS if not only or name in only]


def _measure(run: Run, names: list[str], console: Console) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        with console.status(f"Measuring: {name}"):
            figures += MEASUREMENTS[name](run)
    return figures
