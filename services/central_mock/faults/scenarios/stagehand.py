"""Bringing the rule book in line with the stage that a run is in: first the old faults off, then the new ones on.

Done again it changes nothing, so that a restart, a late timer and a database that came back all do the same.
"""

from collections.abc import Iterable
from datetime import timedelta

import structlog

from services.central_mock.faults.rules.domain import Rule
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.rules.service import RuleBook
from services.central_mock.faults.scenarios.run import Run
from services.central_mock.faults.scenarios.scenario import SEPARATOR, StageFault
from shared.problems import Problem

log = structlog.get_logger()


class Stagehand:
    """Sets and takes off the rules of one scenario at a time."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self._scene: tuple[str, int, int] | None = None
        self._set: set[str] = set()
        """Rules that were set in this scene: one that is gone was taken off by hand, and stays off."""

    def rules_of(self, scenario: str) -> list[Rule]:
        """Its rules that are on, of whatever stage."""
        return [rule for rule in self.book.rules() if rule.name.startswith(scenario + SEPARATOR)]

    async def bring_about(self, run: Run, *, renew: bool) -> dict[str, str]:
        """Have the faults of this moment on, and no others of the scenario; which were refused, and why.

        `renew` sets also those that are on as they should be: their lives have changed. Raises DatabaseUnavailable.
        """
        scene = (run.scenario.name, run.place.round, run.place.stage)
        begins = scene != self._scene
        if begins:
            self._scene, self._set = scene, set()
        faults = run.faults
        old = (rule.name for rule in self.rules_of(run.scenario.name) if rule.name not in faults)
        await self.take_off(old, why=f"the stage '{run.stage.name}' began", by=run.started_by)
        refused = {}
        for name, fault in faults.items():
            rule = self.book.find(name)
            if rule is None and name in self._set:
                continue
            if rule is not None and not (begins or renew) and _is(rule, fault):
                continue
            try:
                await self._set_rule(run, name, fault, going_on=not begins)
            except Problem as error:
                refused[name] = error.detail
                log.warning("scenario.rule_refused", rule=name, reason=error.detail)
        return refused

    async def _set_rule(self, run: Run, name: str, fault: StageFault, *, going_on: bool) -> None:
        order = RuleOrder(
            name=name,
            fault=fault.fault,
            match=fault.match,
            shape=fault.shape,
            priority=fault.priority,
            life=timedelta(seconds=run.faults_live),
            reason=run.reason or f"scenario {run.scenario.name}",
        )
        try:
            await self.book.set_rule(order, by=run.started_by, replace=True, going_on=going_on, checked=True)
        except OSError as error:  # the rule holds, and the book tries for the port until it has it
            log.error("listener.not_reopened", reason=str(error))
        self._set.add(name)

    async def take_all_off(self, scenario: str, *, why: str, by: str) -> None:
        """End all rules of a scenario."""
        self._scene = None
        await self.take_off((rule.name for rule in self.rules_of(scenario)), why=why, by=by)

    async def take_off(self, names: Iterable[str], *, why: str, by: str) -> None:
        """End these rules."""
        for name in list(names):
            try:
                await self.book.remove(name, why=why, by=by)
            except OSError as error:  # it is off, and the book tries for the port until it has it
                log.error("listener.not_reopened", reason=str(error))


def _is(rule: Rule, fault: StageFault) -> bool:
    return (rule.fault, rule.match, rule.shape, rule.priority) == (
        fault.fault,
        fault.match,
        fault.shape,
        fault.priority,
    )
