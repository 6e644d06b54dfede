"""How the link's state follows from exchanges with the centre, and which hop a failure points at.

Pure: the time and the dice come in. The link goes out after a few failures in a row and comes back through one
probe and one delivery, so that a centre that is getting up is not knocked over again.
"""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.enrolment import LinkState
from shared.contracts.queue import Hop

FAILURES_UNTIL_OFFLINE = 3
FIRST_PROBE_DELAY = 5.0
MAX_PROBE_DELAY = 30.0
"""Seconds: an outage's end is known to the minute."""
MAX_RETRY_AFTER = 900.0
"""A centre that asks for more patience than this is asked again all the same."""


class Failure(StrEnum):
    """What was seen when an exchange failed."""

    NO_NETWORK = "NO_NETWORK"
    NO_NAME = "NO_NAME"
    NO_ROUTE = "NO_ROUTE"
    CONNECT_TIMEOUT = "CONNECT_TIMEOUT"
    INTERCEPTED = "INTERCEPTED"
    """Something between answered in the centre's place: a portal, a proxy, a redirect."""
    REFUSED = "REFUSED"
    RESET = "RESET"
    NO_ANSWER = "NO_ANSWER"
    BAD_ANSWER = "BAD_ANSWER"
    SERVER_ERROR = "SERVER_ERROR"
    BUSY = "BUSY"


HOPS: dict[Failure, Hop] = {
    Failure.NO_NETWORK: Hop.OFFICE,
    Failure.NO_NAME: Hop.LINK,
    Failure.NO_ROUTE: Hop.LINK,
    Failure.CONNECT_TIMEOUT: Hop.LINK,
    Failure.INTERCEPTED: Hop.LINK,
    Failure.REFUSED: Hop.CENTRE,
    Failure.RESET: Hop.CENTRE,
    Failure.NO_ANSWER: Hop.CENTRE,
    Failure.BAD_ANSWER: Hop.CENTRE,
    Failure.SERVER_ERROR: Hop.CENTRE,
    Failure.BUSY: Hop.CENTRE,
}


class LinkAction(StrEnum):
    """What ops may ask of the link."""

    PAUSE = "pause"
    RESUME = "resume"
    PROBE = "probe"


@dataclass(frozen=True)
class LinkStatus:
    """The link as far as it is known."""

    state: LinkState
    since: datetime
    hop: Hop | None = None
    reason: str = ""
    failures: int = 0
    failing_since: datetime | None = None
    probes: int = 0
    not_before: datetime | None = None
    """Nothing is sent before this: the next probe's time, or what Retry-After asked for."""
    paused_by: str | None = None

    @property
    def sends(self) -> bool:
        """Whether deliveries may go out."""
        return self.state in {LinkState.ONLINE, LinkState.DEGRADED}

    def allows(self, now: datetime) -> bool:
        """Whether anything may go out now: neither an outage nor a Retry-After holds it back."""
        return self.sends and self.patience(now) <= 0.0

    def patience(self, now: datetime) -> float:
        """Seconds until the next try; 0 when it is due.

        What is further off than any wait there is was meant by a clock that has been set back since.
        """
        left = (self.not_before - now).total_seconds() if self.not_before is not None else 0.0
        return left if 0.0 < left <= MAX_RETRY_AFTER else 0.0

    @property
    def out(self) -> bool:
        """Whether an outage is on."""
        return self.state in {LinkState.OFFLINE, LinkState.PROBING}


def _moved(link: LinkStatus, state: LinkState, now: datetime) -> LinkStatus:
    return replace(link, state=state, since=link.since if state is link.state else now)


def after_success(link: LinkStatus, now: datetime) -> LinkStatus:
    """An exchange worked: half-open after an outage's first, online after the second."""
    if link.state is LinkState.PAUSED:
        return link
    cleared = replace(link, failures=0, failing_since=None, probes=0, not_before=None)
    if link.state is LinkState.OFFLINE:
        return _moved(cleared, LinkState.PROBING, now)
    return replace(_moved(cleared, LinkState.ONLINE, now), hop=None, reason="")


def after_failure(
    link: LinkStatus, failure: Failure, now: datetime, dice: random.Random, retry_after: float | None = None
) -> LinkStatus:
    """An exchange failed: degraded at first, offline when it goes on, and each failed probe makes the next rarer."""
    if link.state is LinkState.PAUSED:
        return link
    failures = link.failures + 1
    seen = replace(
        link,
        failures=failures,
        failing_since=link.failing_since or now,
        hop=HOPS[failure],
        reason=failure.value,
        not_before=_patience(now, retry_after),
    )
    if link.out or failures >= FAILURES_UNTIL_OFFLINE:
        return _out(link, seen, now, dice, retry_after)
    return _moved(seen, LinkState.DEGRADED, now)


def _out(
    before: LinkStatus, seen: LinkStatus, now: datetime, dice: random.Random, retry_after: float | None
) -> LinkStatus:
    probes = before.probes + 1 if before.out else 0
    delay = min(MAX_PROBE_DELAY, FIRST_PROBE_DELAY * 2.0 ** min(probes, 10))
    wait = max(dice.uniform(0.0, delay), min(retry_after or 0.0, MAX_RETRY_AFTER))
    out = _moved(seen, LinkState.OFFLINE, now)
    return replace(out, probes=probes, not_before=now + timedelta(seconds=wait))


def _patience(now: datetime, retry_after: float | None) -> datetime | None:
    return now + timedelta(seconds=min(retry_after, MAX_RETRY_AFTER)) if retry_after else None


def paused(link: LinkStatus, by: str, now: datetime) -> LinkStatus:
    """Nothing is sent until somebody resumes."""
    return replace(_moved(link, LinkState.PAUSED, now), paused_by=by, reason="paused by hand")


def resumed(link: LinkStatus, now: datetime) -> LinkStatus:
    """After a pause nothing is known of the centre: one probe, one delivery, then on."""
    if link.state is not LinkState.PAUSED:
        return link
    return LinkStatus(state=LinkState.PROBING, since=now)


def probed_now(link: LinkStatus, now: datetime) -> LinkStatus:
    """Ask for the next probe at once."""
    return replace(link, not_before=now)


ALLOWED: dict[LinkState, tuple[LinkAction, ...]] = {
    LinkState.ONLINE: (LinkAction.PAUSE, LinkAction.PROBE),
    LinkState.DEGRADED: (LinkAction.PAUSE, LinkAction.PROBE),
    LinkState.OFFLINE: (LinkAction.PAUSE, LinkAction.PROBE),
    LinkState.PROBING: (LinkAction.PAUSE, LinkAction.PROBE),
    LinkState.PAUSED: (LinkAction.RESUME,),
}
