"""The background task that lets the uniqueness check decide when the time has come."""

import asyncio
import contextlib

from services.central_mock.centre.uniqueness.service import BATCH, decide_due
from services.central_mock.faults.meaning.planning import plan_due
from services.central_mock.runtime import CentreRuntime
from shared.database import DatabaseUnavailable
from shared.failpoints import fail_point

# Real seconds between two looks. What is due is in the database, so a look that comes late loses nothing.
LOOKS_EVERY = 0.5
# Below this delay (seconds of the clock) an arriving record itself wakes the check.
PROMPT = 1.0


async def check_forever(centre: CentreRuntime) -> None:
    """Decide what is due, for the life of the service."""
    while True:
        news = centre.check_due.next()
        decided = await _decide(centre)
        if decided:
            fail_point("centre.after-decision-commit")
        if decided >= BATCH:
            await asyncio.sleep(0)  # more is due: requests that wait go first
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOKS_EVERY):
                await news.wait()


async def _decide(centre: CentreRuntime) -> int:
    now = centre.clock.now()
    try:
        plans = await plan_due(centre, now)
        return await centre.database.write(
            lambda session: decide_due(session, policy=centre.policy, now=now, plans=plans)
        )
    except DatabaseUnavailable:  # said by health and by every request; the check has time
        return 0
