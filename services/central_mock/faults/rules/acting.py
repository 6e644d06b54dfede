"""Where each kind of fault can act, which others of its stage it leaves no room, and who covers whom."""

from collections.abc import Iterable

from services.central_mock.faults.rules.domain import Direction, Endpoint, Match, Rule
from services.central_mock.faults.specs import FaultSpec, Kind, Stage
from services.central_mock.faults.specs.socket import Bandwidth

REQUESTS = frozenset(Endpoint) - {Endpoint.CHECK}
ARRIVALS = frozenset({Endpoint.RECORDS_POST, Endpoint.IMPORTS_POST})
CHECK = frozenset({Endpoint.CHECK})

ACTS_AT: dict[Kind, frozenset[Endpoint]] = {
    Kind.ANSWER_LOST: ARRIVALS,
    Kind.FORGOTTEN: ARRIVALS,
    Kind.APPLIED_TWICE: ARRIVALS,
    Kind.KEYS_FORGOTTEN: ARRIVALS,
    Kind.RESULT_LATE: CHECK,
    Kind.RESULT_OUT_OF_ORDER: CHECK,
    Kind.RESULT_TWICE: CHECK,
    Kind.RESULT_NEVER: CHECK,
    Kind.RESULT_OF_ANOTHER: CHECK,
    Kind.BATCH_HALF_DONE: frozenset({Endpoint.IMPORTS_POST}),
    Kind.CORRUPT_RECEIPT: frozenset({Endpoint.RECORDS_POST, Endpoint.RECORDS_GET}),
    Kind.CLOCK_SKEW: REQUESTS,
    Kind.OLD_BACKUP: CHECK,  # once, on the records that are held: no request
    Kind.STALE_READ: frozenset({Endpoint.RECORDS_GET, Endpoint.RECONCILIATIONS_POST}),
    Kind.CHECK_OVERLOADED: CHECK,
}
"""All others act on every request."""

WHOLE_CENTRE = frozenset({Kind.REFUSE, Kind.HANG})
"""Done to the listener and all connections, whatever is asked."""
COUNTING = frozenset({Kind.QUOTA, Kind.SLOW_START})
"""Drawn for each request and let most of them pass."""
UNREACHABLE = frozenset(
    {
        Kind.REFUSE,
        Kind.HANG,
        Kind.BLACK_HOLE,
        Kind.RESET,
        Kind.HTTP_503,
        Kind.CAPTIVE_PORTAL,
        Kind.REDIRECT,
        Kind.UNAUTHORIZED,
    }
)
"""What `offline` can be."""


def acts_at(kind: Kind) -> frozenset[Endpoint]:
    """The endpoints at which a kind can act at all."""
    return ACTS_AT.get(kind, REQUESTS)


def slots_of(fault: FaultSpec, direction: Direction) -> frozenset[str]:
    """The places of its stage that a fault fills, so that none of lower rank acts there; none for delays."""
    if fault.stage is Stage.DELAY:
        return frozenset()
    if fault.stage is Stage.MEANING or fault.kind is Kind.KEEP_ALIVE_CUT:
        return frozenset({fault.kind})
    if fault.stage is Stage.PACE:
        return _pace_slots(fault, direction)
    return frozenset({fault.stage.name})


def _pace_slots(fault: FaultSpec, direction: Direction) -> frozenset[str]:
    slots = set()
    slow_in = isinstance(fault, Bandwidth) and fault.bytes_in_per_second is not None
    slow_out = not isinstance(fault, Bandwidth) or fault.bytes_out_per_second is not None
    if slow_in and direction is not Direction.ANSWER:
        slots.add("PACE_IN")
    if slow_out and direction is not Direction.REQUEST:
        slots.add("PACE_OUT")
    return frozenset(slots)


def covers(upper: Rule, lower: Rule) -> bool:
    """Whether `upper`, which ranks first, leaves nothing of its stage for `lower`."""
    if upper.fault.stage is not lower.fault.stage or not upper.always or upper.fault.kind in COUNTING:
        return False
    if upper.fault.kind in WHOLE_CENTRE:
        return True
    if not covers_match(upper.match, lower.match, acts_at(lower.fault.kind)):
        return False
    slots = slots_of(lower.fault, lower.match.direction)
    return bool(slots) and slots <= slots_of(upper.fault, upper.match.direction)


def leaves_nothing(upper: Rule, lower: Rule) -> bool:
    """Whether no request that `lower` matches gets past `upper`, though that acts at an earlier stage."""
    if upper.fault.kind in WHOLE_CENTRE:
        return lower.fault.kind not in WHOLE_CENTRE and acts_at(lower.fault.kind) != {Endpoint.CHECK}
    return (
        upper.fault.stage is Stage.INSTEAD
        and lower.fault.stage in {Stage.MEANING, Stage.ANSWER}
        and upper.always
        and upper.fault.kind not in COUNTING
        and Endpoint.CHECK not in acts_at(lower.fault.kind)
        and covers_match(upper.match, lower.match, acts_at(lower.fault.kind))
    )


def covers_match(wide: Match, narrow: Match, possible: frozenset[Endpoint]) -> bool:
    """Whether everything that `narrow` matches, at the `possible` endpoints, is matched by `wide` too."""
    if wide.keys and not (narrow.keys and set(narrow.keys) <= set(wide.keys)):
        return False
    if not _covers_offices(wide.offices, narrow.offices):
        return False
    wanted = frozenset(narrow.endpoints) & possible if narrow.endpoints else possible
    return not wide.endpoints or wanted <= frozenset(wide.endpoints)


def _covers_offices(wide: list[str], narrow: list[str]) -> bool:
    if not wide or wide == narrow:
        return True
    if len(wide) == 1:
        return bool(narrow) and all(_within(each, wide[0]) for each in narrow)
    return bool(narrow) and all(any(_within(each, one) for one in wide) for each in narrow)


def _within(narrow: str, wide: str) -> bool:
    return narrow == wide or (wide[-1] == "*" and narrow.removesuffix("*").startswith(wide[:-1]))


def ranked(rules: Iterable[Rule]) -> list[Rule]:
    """In the order in which they are asked."""
    return sorted(rules, key=rank)


def rank(rule: Rule) -> tuple[int, int, int]:
    """What sorts rules into the order in which they are asked."""
    return rule.rank
