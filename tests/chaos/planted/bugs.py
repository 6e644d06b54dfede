"""The bugs that are planted, what makes each show, and by which check it has to be caught."""

from dataclasses import dataclass

from shared.testing.cluster import Cluster
from shared.testing.plan import KINDS


@dataclass(frozen=True)
class Bug:
    """One way of losing, doubling or confusing what clients were promised."""

    name: str
    in_: str
    """The process that has it."""
    kinds: tuple[str, ...]
    """Faults under which it shows: without any it works."""
    caught_by: frozenset[str]
    """Checks of which at least one must say so."""
    seed: int = 0
    minutes: float = 0.35
    needs_power: bool = False
    """Whether only a power cut shows it."""


BUGS = (
    Bug("skip_fsync", "enrolment", ("power cut enrolment",), frozenset({"records"}), needs_power=True),
    Bug("answer_before_commit", "enrolment", ("killed enrolment",), frozenset({"records"})),
    # what it loses has to be the end of a visit, and the process is up for a second between two kills
    Bug("acknowledge_before_commit", "queue", ("killed queue",), frozenset({"tickets"}), minutes=0.7),
    Bug("no_inbox", "queue", ("connections closed", "way reset queue→broker"), frozenset({"effects"})),
    Bug("no_outbox", "queue", ("killed queue", "connections closed"), frozenset({"events"})),
    Bug("new_key_for_each_try", "enrolment", ("centre's meaning ANSWER_LOST",), frozenset({"receipts"})),
    Bug("lost_answer_is_a_failure", "enrolment", ("centre's meaning ANSWER_LOST",), frozenset({"receipts"})),
)
BY_NAME = {bug.name: bug for bug in BUGS}


async def plant(trio: Cluster, bug: Bug) -> None:
    """Let the process go on with the bug, as if it had never been without."""
    process = trio.processes[bug.in_]
    process.argv = [
        process.argv[0],
        "-m",
        "tests.chaos.planted",
        bug.name,
        f"services.{KINDS[bug.in_].service}",
    ]
    await process.restart()
    process.starts = 1
