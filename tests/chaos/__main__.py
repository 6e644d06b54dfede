"""`python -m tests.chaos`: one run by its seed, or runs for hours with a summary."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import uvloop

from shared.testing.disk import no_small_disk
from shared.testing.power import PoweredDisk
from tests.chaos.report import shown_report
from tests.chaos.run import run
from tests.chaos.schedule import schedule, shown
from tests.chaos.setup import Setup, setup_of
from tests.chaos.soak import SUMMARY, soak

SEEDS = 1 << 31


def main() -> int:
    """Exit code 0 when every promise was kept."""
    options = _options()
    first = options.seed if options.seed is not None else random.SystemRandom().randrange(SEEDS)
    disks = no_small_disk(PoweredDisk) is None
    kinds = tuple(filter(None, options.kinds.split(",")))
    setups = [
        setup_of(seed, options.minutes, options.database or None, disks=disks, kinds=kinds)
        for seed in range(first, first + (options.runs or 1))
    ]
    if options.runs:
        return _soak(setups, options.into)
    print(shown(setups[0], schedule(setups[0])), flush=True)
    return 0 if options.schedule else _once(setups[0], Path(options.into) if options.into else None)


def _once(setup: Setup, keep: Path | None) -> int:
    report = uvloop.run(run(setup, keep=keep))
    print(shown_report(report), flush=True)
    return 0 if report.ok else 1


def _soak(setups: list[Setup], into: str) -> int:
    folder = Path(into or tempfile.mkdtemp(prefix="ektp-soak-")).resolve()
    summary = soak(setups, folder)
    print(f"{len(summary.failed)} of {len(summary.seeds)} runs failed; {folder / SUMMARY}")
    return 1 if summary.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=_number, help="another each time, if not given")
    parser.add_argument("--minutes", type=float, default=1.0, help="of faults; settling comes on top")
    parser.add_argument(
        "--database", choices=["", "sqlite", "postgresql"], default="", help="by the seed, if not given"
    )
    parser.add_argument("--kinds", default="", help="only these kinds of faults, separated by commas")
    parser.add_argument("--schedule", action="store_true", help="print the schedule and do nothing")
    parser.add_argument("--runs", type=int, default=0, help="so many seeds in turn, with a summary")
    parser.add_argument("--into", default="", help="the folder of what was written down, or of the summary")
    return parser.parse_args()


def _number(text: str) -> int | None:
    return int(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
