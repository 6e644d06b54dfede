"""`verify`: the centre's own account of a belief, and of how the client behaved meanwhile."""

import asyncio
from collections import defaultdict
from functools import partial
from typing import Any

from sqlmodel import Session

from services.central_mock.journal import repository
from services.central_mock.journal.behaviour import Behaviour, behaviour
from services.central_mock.journal.domain import Entry
from services.central_mock.journal.order import Arrived, overtaken
from services.central_mock.journal.reading import History
from services.central_mock.journal.schemas import BelievedRecord, Order, Verification, VerifyRequest
from services.central_mock.journal.wanted import Wanted

JUDGED = 20_000
"""Requests that are looked at, the last ones: some hundred milliseconds of work."""


def verify(session: Session, *, request: VerifyRequest, troubled: set[str]) -> Verification:
    """Compare; `troubled` are the keys of attempts that went wrong, as the journal has them."""
    believed = {each.key: each for each in request.believed()}
    held = repository.facts_of(session, believed)
    around = repository.facts_in(session, office=request.office, since=request.since, until=request.until)
    everything = {**around, **held}
    lost = [key for key in believed if key not in held]
    mismatched = [key for key, fact in held.items() if not _as_believed(believed[key], fact)]
    unexpected = [key for key in around if key not in believed]
    duplicated = [key for key, fact in everything.items() if fact.applied_times > 1]
    return Verification(
        ok=not (lost or mismatched or unexpected or duplicated),
        expected=len(believed),
        at_centre=len(held),
        lost=lost,
        duplicated=duplicated,
        unexpected=unexpected,
        mismatched=mismatched,
        recovered=sorted(troubled & held.keys()),
        reordered=_reordered(request, believed, held),
    )


def _as_believed(belief: BelievedRecord, fact: Any) -> bool:
    return belief.sha256 in {None, fact.packet_sha256} and belief.office in {None, fact.office}


def _reordered(
    request: VerifyRequest, believed: dict[str, BelievedRecord], held: dict[str, Any]
) -> list[str]:
    """The overtaken of each office, among those that are believed and here."""
    offices: defaultdict[str, list[Arrived]] = defaultdict(list)
    for place, key in enumerate(believed):
        fact = held.get(key)
        if fact is not None:
            due = float(place) if request.order is Order.LISTED else fact.captured_at.timestamp()
            offices[fact.office].append(Arrived(key, due, fact.arrived_at.timestamp()))
    return [key for each in offices.values() for key in overtaken(each, tolerance=request.order_tolerance)]


async def judge(
    history: History, window: Wanted, *, office: str | None, together: bool, moment: float
) -> Behaviour:
    """How the clients behaved in that window; the sums are done beside the event loop."""
    found = await history.newest(window, limit=JUDGED + 1)
    entries = [each for each in found if isinstance(each, Entry)]
    return await asyncio.to_thread(
        partial(
            behaviour,
            entries[-JUDGED:],
            office=office,
            together=together,
            moment=moment,
            truncated=len(entries) > JUDGED,
        )
    )
