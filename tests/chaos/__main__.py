"""`python -m tests.chaos`: one run by its seed, or runs for hours with a summary."""

import argparse
import asyncio
import random
import sys

from shared.testing.disk import no_small_disk
from tests.chaos.report import shown_report
from tests.chaos.run import run
from tests.chaos.schedule import schedule, shown
from tests.chaos.setup import setup_of

SEEDS = 1 << 31


def main() -> int:
    """Exit code 0 when every promise was kept."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(SEEDS)
    kinds = tuple(filter(None, options.kinds.split(",")))
    disks = no_small_disk() is None
    setup = setup_of(seed, options.minutes, options.database or None, disks=disks, kinds=kinds)
    print(shown(setup, schedule(setup)), flush=True)
    if options.schedule:
        return 0
    report = asyncio.run(run(setup))
    print(shown_report(report), flush=True)
    return 0 if report.ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=_number)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--database", choices=["", "sqlite", "postgresql"], default="")
    parser.add_argument("--kinds", default="", help="only these kinds of faults, separated by commas")
    parser.add_argument("--schedule", action="store_true", help="print the schedule and do nothing")
    return parser.parse_args()


def _number(text: str) -> int | None:
    return int(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
