"""Runs for hours, seed after seed, with a summary on disk that is whole after each of them.

The same command goes on where it was stopped: seeds that are in the folder's summary are not played again.
"""

import json
import shutil
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from shared.testing.broker_faults import Broker
from shared.testing.plan import BROKER, POSTGRES
from shared.testing.postgres_node import PostgresNode
from shared.testing.power import powered_disk
from tests.chaos.report import phases, shown_report
from tests.chaos.run import DISKS, Report, run
from tests.chaos.setup import Setup

SUMMARY = "summary.json"


@dataclass
class Summary:
    """What all runs came to."""

    seeds: list[int] = field(default_factory=list)
    minutes: float = 0.0
    """Of faults; starting and settling come on top."""
    records: int = 0
    intents: int = 0
    lost: int = 0
    duplicated: int = 0
    mismatched: int = 0
    unexpected: int = 0
    reordered: int = 0
    """Events out of order in effect, and events missing. Deliveries of one office may overtake each other."""
    unconverged: int = 0
    violations: int = 0
    recovered: int = 0
    slowest_to_converge: float = 0.0
    most_memory: int = 0
    """Megabytes of clients, witness and checker in the hungriest run so far."""
    ended_by_themselves: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """How many of each kind really acted."""
    did_not_act: Counter[str] = field(default_factory=Counter)
    failed: list[dict[str, Any]] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """One more run."""
        self.seeds.append(report.setup.seed)
        self.minutes = round(self.minutes + report.setup.minutes, 2)
        self.records += report.records
        self.intents += sum(report.intents.values())
        for name in ("lost", "duplicated", "mismatched", "unexpected", "recovered"):
            setattr(self, name, getattr(self, name) + report.verified.get(name, 0))
        self.reordered += sum(1 for each in report.violations if each.check == "events")
        self.unconverged += bool(report.unconverged)
        self.violations += len(report.violations)
        self.slowest_to_converge = round(max(self.slowest_to_converge, report.converged_in), 1)
        self.most_memory = max(self.most_memory, report.memory)
        self.ended_by_themselves += sum(report.ended_by_themselves.values())
        self.faults.update(report.faults)
        self.did_not_act.update(each.split(" s ")[1].split("  ")[0].strip() for each in report.idle)
        if not report.ok:
            self.failed.append(
                {
                    "again": report.setup.command,
                    "violations": [str(each) for each in report.violations],
                    "unconverged": report.unconverged,
                    "did_not_act": report.idle,
                    "could_not_fall": report.errors,
                }
            )


def soak(setups: list[Setup], folder: Path) -> Summary:
    """Play them in turn on one broker and one server."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = read_summary(folder / SUMMARY)
    with ExitStack() as ours:
        broker_disk, postgres_disk = (powered_disk(DISKS[owner], owner) for owner in (BROKER, POSTGRES))
        broker = ours.enter_context(closing(Broker(folder / "broker", disk=broker_disk)))
        postgres = ours.enter_context(closing(PostgresNode(disk=postgres_disk)))
        for setup in (each for each in setups if each.seed not in summary.seeds):
            began = time.monotonic()
            written = folder / f"seed-{setup.seed}"
            try:
                report = uvloop.run(run(setup, broker=broker, postgres=postgres, keep=written))
            except Exception as error:  # noqa: BLE001  # one run that could not be made is not the end of the others
                report = Report(setup, errors=[f"the run ended with {error!r}"])
            summary.add(report)
            (folder / SUMMARY).write_text(json.dumps(vars(summary), indent=1))
            if report.ok:
                shutil.rmtree(written, ignore_errors=True)
            else:  # histories, events and the whole timeline: a failure may not come again
                written.with_suffix(".txt").write_text(shown_report(report))
            said = "kept" if report.ok else "FAILED"
            print(
                f"seed {setup.seed} {setup.database}: {said}, {report.records} records,"
                f" {time.monotonic() - began:.0f} s ({phases(report)});"
                f" {summary.records} records in {len(summary.seeds)} runs",
                flush=True,
            )
    return summary


def read_summary(path: Path) -> Summary:
    """What was run before, or an empty one."""
    if not path.exists():
        return Summary()
    kept = json.loads(path.read_text())
    return Summary(**kept | {name: Counter(kept[name]) for name in ("faults", "did_not_act")})
