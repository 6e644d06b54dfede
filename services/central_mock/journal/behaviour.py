"""How the client behaved, told from the journal: the answers to what an outage is most often made worse by. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.central_mock.journal.calls import by_office, calls_of
from services.central_mock.journal.domain import Entry
from services.central_mock.journal.outages import HalfOpen, Ramp, half_open, ramp
from services.central_mock.journal.waits import (
    Crowd,
    Minute,
    Obedience,
    Waits,
    crowd,
    minutes,
    obedience,
    waits,
)

MOMENT = 0.1
"""Seconds: what comes closer together comes at once."""


@dataclass(frozen=True)
class Behaviour:
    """How the clients of the centre behaved. Each verdict is None where nothing could be seen of it."""

    since: datetime | None
    until: datetime | None
    requests: int
    """Looked at: the last ones, if there were more than can be looked at."""
    truncated: bool
    """There were more."""
    offices: int
    retries: int
    by_minute: list[Minute]
    waits: Waits
    crowd: Crowd
    retry_after: Obedience
    half_open: HalfOpen
    ramp: Ramp
    wrong: list[str]
    """What a centre's engineer would complain of; empty is good."""


def behaviour(
    entries: Sequence[Entry],
    *,
    office: str | None = None,
    together: bool = False,
    moment: float = MOMENT,
    truncated: bool = False,
) -> Behaviour:
    """Judge these requests, in any order; of one office if it is named.

    `together` takes all for one client's, which is right when one process serves several offices. `moment` is in
    seconds of the clock: a clock at speed 60 makes of 100 ms of work six seconds.
    """
    calls = calls_of(entries, together=together)
    if office is not None and not together:
        calls = [call for call in calls if call.office == office]
    offices = by_office(calls)
    told = Behaviour(
        since=min((each.at for each in entries), default=None),
        until=max((each.at for each in entries), default=None),
        requests=len(calls),
        truncated=truncated,
        offices=len(offices),
        retries=sum(call.retry for call in calls),
        by_minute=minutes(calls),
        waits=waits(offices.values()),
        crowd=crowd(offices.values(), moment=moment),
        retry_after=obedience(offices, moment=moment),
        half_open=half_open(offices, moment=moment),
        ramp=ramp(offices, moment=moment),
        wrong=[],
    )
    told.wrong.extend(_wrong(told))
    return told


def _wrong(told: Behaviour) -> list[str]:
    found = []
    if told.waits.jittered is False:
        found.append(
            "the waits between attempts hardly vary: clients that failed together come back together"
        )
    if told.crowd.synchronised:
        found.append(f"{told.crowd.most} of {told.crowd.neighbours} tried again within the same moment")
    if told.retry_after.earliest is not None:
        missed = told.retry_after.told - told.retry_after.obeyed
        found.append(f"Retry-After was not obeyed {missed} of {told.retry_after.told} times")
    if told.half_open.one_probe is False:
        most = max(told.half_open.most_in_flight, told.half_open.most_in_a_moment)
        found.append(f"{most} requests at once while the centre was away, instead of one probe")
    if told.ramp.ramped is False:
        found.append(f"{told.ramp.over_slow_start} more in flight after a recovery than a slow start allows")
    return found
