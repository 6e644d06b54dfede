"""Reads that do not see yet what was just written, as from a replica that lags."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import Request

from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.drawn import Drawn, drawn
from services.central_mock.faults.rules.ruling import ruling_of
from services.central_mock.faults.specs.meaning import StaleRead
from services.central_mock.runtime import CentreRuntime


def is_unseen(request: Request, centre: CentreRuntime, held: Any) -> bool:
    """Whether a record that is held came too lately for this look-up."""
    stale = drawn(ruling_of(request), StaleRead)
    unseen = stale is not None and held.arrived_at > _seen_until(stale, centre)
    if unseen and stale is not None:
        stale.acts()
    return unseen


async def unseen_by(request: Request, centre: CentreRuntime) -> frozenset[str]:
    """Keys of the records that came too lately for a read of many."""
    stale = drawn(ruling_of(request), StaleRead)
    if stale is None:
        return frozenset()
    until = _seen_until(stale, centre)
    lately = await centre.database.read(lambda session: repository.came_after(session, until))
    if lately:
        stale.acts()
    return frozenset(key for key, _ in lately)


def _seen_until(stale: Drawn[StaleRead], centre: CentreRuntime) -> datetime:
    return centre.clock.now() - timedelta(seconds=stale.spec.seconds)
