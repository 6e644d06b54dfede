"""One comparison of a day from its begin to its end, each step a transaction of its own.

Between them the centre is asked, so everything is looked at again before it is changed: a record may have been sent,
acknowledged or recorded meanwhile.
"""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session

from services.enrolment_api.delivery import decisions
from services.enrolment_api.delivery.domain import full_jitter
from services.enrolment_api.delivery.lost import send_again
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.reconciliation import repository
from services.enrolment_api.reconciliation.domain import (
    RUN_SECONDS,
    Disagreements,
    Done,
    Found,
    Known,
    Line,
    Policy,
    ReconciliationState,
    days_to_plan,
    due_again,
    planned,
)
from services.enrolment_api.reconciliation.models import DayReconciliation
from shared.leases import take_lease

log = structlog.get_logger()

LEASE = "reconciliation"
NAMED = 10
"""Records that a log line names at most."""
Days = dict[tuple[str, dt.date], dt.datetime]


@dataclass(frozen=True)
class Run:
    """A comparison that has begun."""

    office: str
    day: dt.date
    at: dt.datetime
    """When it began, just before our side was read."""
    lines: tuple[Line, ...] = ()


def plan(
    session: Session, *, online_since: dt.datetime, now: dt.datetime, policy: Policy, dice: random.Random
) -> Days:
    """The days that need a time to be compared at, or an earlier one."""
    zones = repository.time_zones(session)
    todays = {office: now.astimezone(ZoneInfo(zone)).date() for office, zone in zones.items()}
    if not todays:
        return {}
    known = repository.known_days(session, min(todays.values()) - dt.timedelta(days=max(policy.days, 2)))
    times: Days = {}
    for office, today in todays.items():
        last = repository.last_recorded_day(session, office, today)
        recent = {today, today - dt.timedelta(days=1), last}
        for day in days_to_plan(today, last, policy):
            due = planned(
                known.get((office, day)) or (_known(session, office, day) if day == last else None),
                interval=policy.every
                if day in recent
                else policy.interval((today - day).days) or policy.every,
                recent=day in recent,
                online_since=online_since,
                now=now,
                dice=dice,
            )
            if due is not None:
                times[office, day] = due
    return times


def _known(session: Session, office: str, day: dt.date) -> Known | None:
    row = repository.get_day(session, office, day)
    return Known(row.due_at, row.started_at) if row else None


def schedule(session: Session, *, days: Days) -> None:
    """Give these days their times; one that was given an earlier one since they were planned keeps it.

    A supervisor who asks between the two does not wait for a time that the dice threw.
    """
    for (office, day), due in days.items():
        row = repository.lock_day(session, office, day)
        if row.due_at is None or due < row.due_at:
            row.due_at = due
            session.add(row)
    session.flush()


def begin(session: Session, *, now: dt.datetime) -> Run | None:
    """Begin the comparison that is due for the longest time, if any is."""
    row = repository.next_due(session, now, lock=True)
    if row is None:
        return None
    row.state, row.started_at = ReconciliationState.RUNNING.value, now
    row.due_at = now + dt.timedelta(seconds=RUN_SECONDS)
    session.add(row)
    session.flush()
    return Run(row.office, row.day, now)


def take_over(session: Session, *, holder: str, seconds: float, now: dt.datetime) -> bool:
    """Become the one replica that compares; False while another is.

    Whoever begins has nothing running, so what is was left behind by one that died.
    """
    if not take_lease(session, name=LEASE, holder=holder, seconds=seconds):
        return False
    repository.begin_again(session, now)
    return True


def with_lines(session: Session, run: Run) -> Run:
    """With our side of the day; apart from the begin, because a writer would hold up the counters meanwhile."""
    return replace(run, lines=tuple(repository.lines_of(session, run.office, run.day)))


def fail(
    session: Session,
    *,
    run: Run,
    reason: str,
    retry_after: float | None,
    now: dt.datetime,
    dice: random.Random,
) -> None:
    """Keep why there is no answer, and try again later and later, or when the centre asks to."""
    row = repository.lock_day(session, run.office, run.day)
    if row.started_at != run.at:
        return  # begun anew by another, while we stood still
    delay = max(full_jitter(row.failures, dice), retry_after or 0.0)
    row.state, row.reason, row.failures = ReconciliationState.FAILED.value, reason[:300], row.failures + 1
    row.due_at = now + dt.timedelta(seconds=delay)
    session.add(row)


def give_back(
    session: Session, *, run: Run, lines: Sequence[Line], grace: float, now: dt.datetime
) -> list[str]:
    """Send again what the centre acknowledged and does not hold; the keys of what really was.

    Decisions may be gone with the records: they are read again.
    """
    sent = [
        line.key
        for line in sorted(
            lines, key=lambda line: line.key
        )  # one order for all, so that none waits in a circle
        if send_again(
            session,
            record_id=line.key,
            receipt_number=line.receipt_number,
            older_than=run.at - dt.timedelta(seconds=grace),
            now=now,
        )
    ]
    for key in sent:
        _keep(session, run, key, Found.MISSING, Done.SENT_AGAIN)
    if sent:
        decisions.read_again(session)
    return sent


def finish(
    session: Session,
    *,
    run: Run,
    found: Disagreements,
    sent_again: Sequence[str],
    policy: Policy,
    now: dt.datetime,
    dice: random.Random,
) -> None:
    """Keep what is not to be mended by sending, say it aloud, and when the day is compared next."""
    row = repository.lock_day(session, run.office, run.day)
    if row.started_at != run.at:
        return  # begun anew by another, while we stood still: its comparison is the later one
    strange = set(found.unexpected)
    unexpected = sorted(strange - repository.known_here(session, run.office, found.unexpected))
    for key in found.mismatched:
        _keep(session, run, key, Found.MISMATCHED, Done.REPORTED)
    for key in unexpected:
        _keep(session, run, key, Found.UNEXPECTED, Done.REPORTED)
    _say(run, sent_again, found.mismatched, unexpected)
    row.state, row.reason, row.failures = ReconciliationState.DONE.value, "", 0
    row.compared_at, row.compared = run.at, len(run.lines)
    row.due_at = _due_again(session, row, policy, now, dice, doubtful=bool(found.missing))
    session.add(row)
    session.flush()
    if sent_again:
        _look_further_back(session, run, now)


def _keep(session: Session, run: Run, key: str, found: Found, done: Done) -> None:
    identity = {"office": run.office, "day": run.day, "record_id": key[:100]}
    repository.keep_finding(session, {**identity, "found": found.value, "done": done.value, "at": run.at})


def _say(run: Run, missing: Sequence[str], mismatched: Sequence[str], unexpected: Sequence[str]) -> None:
    where = {"office": run.office, "day": run.day.isoformat()}
    if missing:
        log.error("reconciliation.missing", records=len(missing), first=list(missing[:NAMED]), **where)
    if mismatched:
        log.error(
            "reconciliation.mismatched", records=len(mismatched), first=list(mismatched[:NAMED]), **where
        )
    if unexpected:
        log.error(
            "reconciliation.unexpected", records=len(unexpected), first=list(unexpected[:NAMED]), **where
        )


def _due_again(
    session: Session,
    row: DayReconciliation,
    policy: Policy,
    now: dt.datetime,
    dice: random.Random,
    *,
    doubtful: bool,
) -> dt.datetime | None:
    """What was missing, or too fresh to be believed missing, is looked for again as soon as it may be doubted."""
    if doubtful:
        return now + dt.timedelta(seconds=policy.grace * dice.uniform(2.0, 3.0) + 1.0)
    zone = ZoneInfo(get_office(session, row.office).time_zone)
    return due_again(row.day, now.astimezone(zone).date(), now=now, policy=policy, dice=dice)


def _look_further_back(session: Session, run: Run, now: dt.datetime) -> None:
    """How old the backup was that the centre was restored from, nobody says: as long as days miss records, go on."""
    earlier = repository.last_recorded_day(session, run.office, run.day)
    if earlier is None:
        return
    row = repository.lock_day(session, run.office, earlier)
    if row.state != ReconciliationState.RUNNING and (row.due_at is None or row.due_at > now):
        row.due_at = now
        session.add(row)
