"""What can happen to a ticket, and where it stands in the line: rules as data and pure functions.

A place is a number, the arrival in seconds: who goes between two others gets the middle of their places, so nobody
else has to move. The interrupted ones go first, then by place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.offices import PREFIXES, ServiceType


class State(StrEnum):
    """Where a ticket is in its life."""

    WAITING = "WAITING"
    CALLED = "CALLED"
    SERVING = "SERVING"
    DONE = "DONE"
    NO_SHOW = "NO_SHOW"
    PARKED = "PARKED"
    HELD = "HELD"
    """Its service step is out; the place is kept."""
    VOUCHERED = "VOUCHERED"
    CANCELLED = "CANCELLED"
    TRANSFERRED = "TRANSFERRED"
    """Goes on as another ticket that keeps the arrival time."""


class Action(StrEnum):
    """What is done to a ticket."""

    CALL = "call-next"
    RECALL = "recall"
    START = "start"
    FINISH = "finish"
    NO_SHOW = "no-show"
    REINSTATE = "reinstate"
    PARK = "park"
    RESUME = "resume"
    CANCEL = "cancel"
    VOUCHER = "voucher"
    REDEEM = "redeem"
    TRANSFER = "transfer"
    # by the system, never asked for by a person
    HOLD = "hold"
    RELEASE = "release"
    RECORD = "record"
    """A record was captured for it: it was served, whatever became of the ticket meanwhile."""
    CLOSE_DAY = "close-day"


class Priority(StrEnum):
    """Groups that the law lets go first."""

    ELDERLY = "ELDERLY"
    DISABLED = "DISABLED"
    PREGNANT = "PREGNANT"
    WITH_INFANT = "WITH_INFANT"


BY_THE_SYSTEM = {Action.HOLD, Action.RELEASE, Action.RECORD, Action.CLOSE_DAY}

TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.WAITING, Action.CALL): State.CALLED,
    (State.CALLED, Action.RECALL): State.CALLED,
    (State.CALLED, Action.START): State.SERVING,
    (State.SERVING, Action.FINISH): State.DONE,
    (State.CALLED, Action.NO_SHOW): State.NO_SHOW,
    (State.NO_SHOW, Action.REINSTATE): State.WAITING,
    (State.CALLED, Action.PARK): State.PARKED,
    (State.SERVING, Action.PARK): State.PARKED,
    (State.PARKED, Action.RESUME): State.CALLED,
    (State.WAITING, Action.HOLD): State.HELD,
    (State.CALLED, Action.HOLD): State.HELD,
    (State.SERVING, Action.HOLD): State.HELD,
    (State.HELD, Action.RELEASE): State.WAITING,
    (State.WAITING, Action.VOUCHER): State.VOUCHERED,
    (State.HELD, Action.VOUCHER): State.VOUCHERED,
    (State.PARKED, Action.VOUCHER): State.VOUCHERED,
    (State.VOUCHERED, Action.REDEEM): State.WAITING,
}

AT_A_COUNTER = frozenset({State.CALLED, State.SERVING})
IN_LINE = frozenset({State.WAITING, State.HELD})
OPEN = frozenset({*AT_A_COUNTER, *IN_LINE, State.PARKED})
"""Still expecting to be served today."""
UNFINISHED = frozenset({*OPEN, State.VOUCHERED})

TRANSITIONS |= {(state, Action.CANCEL): State.CANCELLED for state in UNFINISHED}
TRANSITIONS |= {(state, Action.TRANSFER): State.TRANSFERRED for state in UNFINISHED}
TRANSITIONS |= {(state, Action.RECORD): State.DONE for state in (*UNFINISHED, State.NO_SHOW)}
TRANSITIONS |= {(state, Action.CLOSE_DAY): State.VOUCHERED for state in OPEN}


def allowed_actions(state: State) -> list[Action]:
    """What a person may do with a ticket in that state."""
    return [action for (at, action) in TRANSITIONS if at is state and action not in BY_THE_SYSTEM]


def described() -> str:
    """The table as the API's documentation shows it: a line for each state a person can do something in."""
    rows = [f"| {state} | {', '.join(allowed_actions(state))} |" for state in State if allowed_actions(state)]
    return "\n".join(["| state | what can be done |", "|---|---|", *rows])


def label(service: ServiceType, number: int) -> str:
    """The number as it is printed and called: `A026`."""
    return f"{PREFIXES[service]}{number:03d}"


@dataclass(frozen=True)
class Standing:
    """A ticket in line, as the rules of place see it."""

    id: str
    place: float
    priority: bool = False
    let_one_pass: bool = False
    """An ordinary ticket lets one priority ticket go in front of it, once."""
    interrupted: bool = False


def order_key(standing: Standing) -> tuple[bool, float, str]:
    """The order of the line: the interrupted first, then by place, then by id."""
    return (not standing.interrupted, standing.place, standing.id)


def priority_place(line: Sequence[Standing], at_the_end: float) -> tuple[float, str | None]:
    """Where a new priority ticket goes: in front of the first ordinary ticket that has let nobody pass yet.

    Returns the place and the ticket that lets it pass. So at most every other call is a priority one while both
    wait, and no stream of priority tickets can keep an ordinary one from being called. `line` is in order.
    """
    for index, standing in enumerate(line):
        if standing.priority or standing.let_one_pass or standing.interrupted:
            continue
        ahead = line[index - 1] if index and not line[index - 1].interrupted else None
        return _between(ahead, standing), standing.id
    return at_the_end, None


def place_after(line: Sequence[Standing], places: int, own: float) -> float:
    """A place behind that many of those in line (in order), behind all when fewer wait."""
    waiting = [standing for standing in line if not standing.interrupted]
    if places == 0 or not waiting:
        return _between(None, waiting[0]) if waiting else own
    if len(waiting) <= places:
        return waiting[-1].place + LAST_STEP
    return _between(waiting[places - 1], waiting[places])


LAST_STEP = 0.001
"""Seconds between two places given at the same instant."""


def _between(ahead: Standing | None, behind: Standing) -> float:
    return (ahead.place + behind.place) / 2 if ahead else behind.place - LAST_STEP
