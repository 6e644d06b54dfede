"""The background task that does what rules still have in hand: lets decisions go, forgets records, restores a backup.

It looks when a rule comes or goes and, while rules are on, every so often. What is due is in the database, so a look
that comes late, or after a restart, loses nothing.
"""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import Session

from services.central_mock.faults.meaning.arrivals import FORGETTING_DUE
from services.central_mock.faults.meaning.destruction import (
    FORGOTTEN_AT_ONCE,
    Restored,
    forget_due,
    restore_backup,
)
from services.central_mock.faults.meaning.drawn import Drawn, drawn
from services.central_mock.faults.meaning.holding import ENDED_AT_ONCE, end_holds
from services.central_mock.faults.rules import repository as rules_kept
from services.central_mock.faults.rules.domain import Rule
from services.central_mock.faults.rules.repository import Action
from services.central_mock.faults.specs.meaning import OldBackup
from services.central_mock.runtime import CentreRuntime
from shared.database import DatabaseUnavailable

log = structlog.get_logger()

LOOKS_EVERY = 0.5
"""Real seconds between two looks while a rule is on."""


async def do_forever(centre: CentreRuntime) -> None:
    """For the life of the service. The first look is for what a dead process left."""
    centre.rules.on_change(centre.aftermath_due.ring)
    centre.database.on_commit(lambda info: _wake(centre, info))
    while True:
        news = centre.aftermath_due.next()
        failed = False
        try:
            if await _look(centre):
                await asyncio.sleep(0)  # more is due: requests that wait go first
                continue
        except DatabaseUnavailable as error:
            log.warning("aftermath.database_unavailable", reason=str(error))
            failed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOKS_EVERY if failed or centre.rules.rules() else None):
                await news.wait()


def _wake(centre: CentreRuntime, info: dict[Any, Any]) -> None:
    if FORGETTING_DUE in info:
        centre.aftermath_due.ring()


async def _look(centre: CentreRuntime) -> bool:
    """Do what is due; whether more may be."""
    on = {each.name for each in centre.rules.rules()}
    for each in centre.rules.rules():
        if isinstance(each.fault, OldBackup):
            await _restore(centre, each, each.fault)
    more = await _forget(centre, on)
    now = centre.clock.now()
    ended = await centre.database.write(lambda session: end_holds(session, rules_on=on, now=now))
    if ended:
        centre.check_due.ring()
    return more or ended >= ENDED_AT_ONCE


async def _forget(centre: CentreRuntime, on: set[str]) -> bool:
    now = centre.clock.now()

    def forget(session: Session) -> int:
        forgetting = forget_due(session, rules_on=on, now=now)
        for rule, number in forgetting.gone.items():
            detail = {"records": number}
            rules_kept.note(session, at=now, by="", action=Action.DESTROYED, name=rule, detail=detail)
        return forgetting.dealt_with

    return await centre.database.write(forget) >= FORGOTTEN_AT_ONCE


async def _restore(centre: CentreRuntime, rule: Rule, fault: OldBackup) -> None:
    now = centre.clock.now()
    moment = rule.since - timedelta(seconds=fault.age_seconds)
    met: list[Drawn[OldBackup]] = []

    def chosen(office: str, key: str) -> bool:
        found = drawn(centre.rules.ruling_for_record(office=office, key=key), OldBackup)
        if found is None or found.rule != rule.name:
            return False
        met.append(found)
        return True

    def restore(session: Session) -> Restored | None:
        met.clear()  # a transaction may be run again
        gone = restore_backup(session, rule=rule.name, set_at=rule.since, moment=moment, chosen=chosen)
        if gone is not None:
            detail = {"records": gone.records, "decisions": gone.decisions}
            rules_kept.note(
                session, at=now, by=rule.set_by, action=Action.DESTROYED, name=rule.name, detail=detail
            )
        return gone

    gone = await centre.database.write(restore)
    for each in met:  # it has fired when nobody can see the records any more, and not before
        each.acts()
    if gone is not None:
        log.warning("backup.restored", rule=rule.name, records=gone.records, decisions=gone.decisions)
