"""The rule book: the one place where rules are set, drawn, counted, ended and remembered over a restart."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from sqlmodel import Session

from services.central_mock.faults.rules import repository
from services.central_mock.faults.rules.acting import ranked
from services.central_mock.faults.rules.attempts import Attempts
from services.central_mock.faults.rules.domain import DEFAULT_SEED, Rule, Subject
from services.central_mock.faults.rules.index import RuleIndex
from services.central_mock.faults.rules.keeping import forget_rules, keep_rule, read_back, rule_of
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.passing import PassedTime, sleep_or
from services.central_mock.faults.rules.recording import Recording
from services.central_mock.faults.rules.refusals import RuleNameTaken, check_not_covered, check_order
from services.central_mock.faults.rules.repository import Action
from services.central_mock.faults.rules.ruling import NOTHING, Fired, Ruling
from services.central_mock.faults.rules.schemas import RuleOrder, RuleState
from services.central_mock.faults.rules.showing import state_of
from services.central_mock.orders import find_order, give_order
from shared.clock import SystemClock
from shared.database import Database, DatabaseUnavailable

log = structlog.get_logger()

SEED_ORDER = "fault_seed"
REOPEN_AFTER = 1.0
"""Real seconds until the port is asked for again that another process took."""
IDLE = 3600.0

Fire = Callable[[LiveRule, Subject, Fired], None]


class Wall(Protocol):
    """What the rules act on: the listener, the connections, each request."""

    async def take(self, index: RuleIndex | None) -> None:
        """Bring the socket in step with the rules. Raises OSError when the port can't be taken back."""

    @property
    def is_settled(self) -> bool:
        """Whether it listens, or does not, as the rules say."""


class RuleBook:
    """Rules by name. Changes come one at a time; asking is synchronous and never waits."""

    def __init__(self, wall: Wall, clock: SystemClock, database: Database) -> None:
        self._wall = wall
        self._clock = clock
        self._database = database
        self._live: dict[str, LiveRule] = {}
        self._index: RuleIndex | None = None
        self._numbers = itertools.count(1)
        self._attempts = Attempts()
        self._time = PassedTime(time.monotonic)
        self._changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._watchers: list[Callable[[], None]] = []
        self.recording = Recording(clock.now)
        self._fire_watchers: list[Fire] = [self.recording.fired]
        self.seed = DEFAULT_SEED
        self.restored: str | None = None
        """What the last start found: told to whoever asks for the state."""

    # Asking

    def rules(self) -> list[Rule]:
        """All in force, in the order in which they are asked."""
        return ranked(each.rule for each in self._live.values())

    def find(self, name: str) -> Rule | None:
        """The rule of this name, if it is on."""
        live = self._live.get(name)
        return live.rule if live else None

    def ruling(self, subject: Subject) -> Ruling:
        """Draw for a request that has just come. The front asks once for each; all others ask `ruling_of`."""
        return self._index.ruling(subject) if self._index is not None else NOTHING

    def ruling_for_record(self, *, office: str, key: str, endpoint: str = "check") -> Ruling:
        """Draw for a record that is looked at without a request; asked again, it says the same."""
        if self._index is None:
            return NOTHING
        return self._index.ruling_for_record(Subject(office, endpoint, key))

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call this whenever a rule came or went, or the seed changed."""
        self._watchers.append(callback)

    def on_fire(self, callback: Fire) -> None:
        """Call this whenever a rule acted. It is called in the middle of a request: be quick."""
        self._fire_watchers.append(callback)

    def left(self, name: str) -> float:
        """Seconds of the clock until the rule ends; 0 when it is not on."""
        live = self._live.get(name)
        return max(live.ends - self._time.total(self._clock.speed), 0.0) if live else 0.0

    def states(self) -> list[RuleState]:
        """Every rule with its counts, in the order in which they are asked."""
        rules = self.rules()
        return [self._state(self._live[each.name], rules) for each in rules]

    def state(self, name: str) -> RuleState | None:
        """One rule with its counts."""
        live = self._live.get(name)
        return self._state(live, self.rules()) if live else None

    def _state(self, live: LiveRule, rules: Sequence[Rule]) -> RuleState:
        return state_of(live, rules, now=self._clock.now(), left=self.left(live.rule.name))

    # Changing

    async def set_rule(
        self,
        order: RuleOrder,
        *,
        by: str,
        replace: bool = False,
        going_on: bool = False,
        checked: bool = False,
    ) -> Rule:
        """Put a rule in force. Raises InvalidInput, RuleNameTaken, RuleCovered; OSError as `remove` does.

        `going_on`: the one it replaces is the same fault, and what that has counted and remembers goes on.
        `checked`: it is a scenario's, whose rules were checked for the whole of their stage; less of it may be left.
        """
        if not checked:
            check_order(order, speed=self._clock.speed)
        async with self._one_at_a_time:
            name = order.name or self._free_name(order)
            before = self._live.get(name)
            if before is not None and not replace:
                raise RuleNameTaken(f"A rule named '{name}' is on")
            number, now = next(self._numbers), self._clock.now()
            rule = rule_of(order, name=name, number=number, since=now, set_by=by)
            check_not_covered(rule, (each.rule for each in self._live.values() if each is not before))
            replaced = before is not None
            await self._database.write(lambda session: keep_rule(session, rule, order, replaced=replaced))
            self._start(rule, rule.seconds)
            if going_on and before is not None:
                self._live[name].go_on_from(before)
            self.recording.set(rule)
            log.warning(
                "fault.set", rule=name, mode=rule.fault.kind, seconds=rule.seconds, by=by, reason=rule.reason
            )
            await self._put_in_force()
        return rule

    async def remove(self, name: str, *, why: str, by: str = "", action: Action = Action.REMOVED) -> bool:
        """End a rule; False when it is not on. Raises OSError when another process took the port meanwhile."""
        async with self._one_at_a_time:
            return bool(await self._end([name], why=why, by=by, action=action))

    async def clear(self, *, why: str, by: str = "") -> list[str]:
        """End all rules; their names. Raises OSError as `remove` does."""
        async with self._one_at_a_time:
            return await self._end(list(self._live), why=why, by=by, action=Action.CLEARED)

    async def set_seed(self, seed: int, *, by: str) -> None:
        """Start the dice from another number; attempts are counted anew."""
        now = self._clock.now()

        def keep(session: Session) -> None:
            give_order(session, name=SEED_ORDER, value={"seed": seed}, at=now, by=by)
            repository.note(session, at=now, by=by, action=Action.SEEDED, detail={"seed": seed})

        async with self._one_at_a_time:
            await self._database.write(keep)
            self.seed = seed
            self._attempts.clear()
            await self._put_in_force()

    def start_anew(self) -> None:
        """Forget which attempts of which keys there were, and what is recorded."""
        self._attempts.clear()
        self.recording.clear()

    def _free_name(self, order: RuleOrder) -> str:
        kind = order.fault.kind.lower()
        return next(name for n in itertools.count(1) if (name := f"{kind}-{n}") not in self._live)

    def _start(self, rule: Rule, left: float) -> None:
        ends = self._time.total(self._clock.speed) + left
        self._live[rule.name] = LiveRule(rule, tick=self._attempts.tick, ends=ends)

    async def _end(self, names: Sequence[str], *, why: str, by: str, action: Action) -> list[str]:
        ended = [self._live.pop(name) for name in names if name in self._live]
        try:
            if ended or not self._wall.is_settled:
                await self._put_in_force()
        finally:
            await self._forget(ended, why=why, by=by, action=action)
        return [each.rule.name for each in ended]

    async def _forget(self, ended: Sequence[LiveRule], *, why: str, by: str, action: Action) -> None:
        now = self._clock.now()
        if ended:
            try:
                await self._database.write(
                    lambda session: forget_rules(session, ended, at=now, by=by, action=action, why=why)
                )
            except DatabaseUnavailable as error:  # it is off all the same; a restart finds its life over
                log.error("fault.not_forgotten", reason=str(error))
        for each in ended:
            self.recording.ended(each.rule, why)
            log.warning(
                "fault.ended", rule=each.rule.name, mode=each.rule.fault.kind, why=why, fired=each.fired
            )

    async def _put_in_force(self) -> None:
        lives = list(self._live.values())
        self._index = (
            RuleIndex(lives, seed=self.seed, attempts=self._attempts, note=self._note) if lives else None
        )
        try:
            await self._wall.take(self._index)
        finally:
            self._changed.set()
            for each in self._watchers:
                each()

    def _note(self, live: LiveRule, subject: Subject, fired: Fired) -> None:
        live.fired += 1
        for each in self._fire_watchers:
            each(live, subject, fired)

    # A restart, and the end of each life

    async def restore(self) -> None:
        """Put the rules back in force that were on when the process died and still have life."""
        seed = await self._database.read(lambda session: find_order(session, SEED_ORDER))
        if seed is not None:
            self.seed = int(seed.value["seed"])
        kept = await self._database.read(repository.kept)
        now = self._clock.now()
        found = read_back(kept, now)
        for rule, left in found.alive:
            self._start(rule, left)
            self.recording.set(rule)
        self.restored = found.told
        self._numbers = itertools.count(found.last_number + 1)
        if kept:
            await self._restored(found.over, now)

    async def _restored(self, over: Sequence[str], now: datetime) -> None:
        def note(session: Session) -> None:
            repository.forget(session, over)
            repository.note(
                session, at=now, by="", action=Action.RESTORED, reason=(self.restored or "")[:500]
            )

        await self._database.write(note)
        log.warning("fault.restored", what=self.restored)
        await self._put_in_force()

    async def run(self) -> None:
        """End each rule when its life is over, and take the port back when it was taken."""
        while True:
            self._changed.clear()
            speed = self._clock.speed
            self._time.mark(speed)
            left = min((each.ends for each in self._live.values()), default=None)
            await self._sleep(IDLE if left is None else left - self._time.total(speed), speed)
            self._time.mark(speed)
            now = self._time.total(speed)
            over = [name for name, each in self._live.items() if each.ends <= now]
            if over or not self._wall.is_settled:
                await self._expire(over)

    async def _expire(self, names: Sequence[str]) -> None:
        try:
            async with self._one_at_a_time:
                await self._end(names, why="its time was over", by="", action=Action.EXPIRED)
        except OSError as error:
            log.error("listener.not_reopened", reason=str(error))

    async def _sleep(self, seconds: float, speed: float) -> None:
        """Until the time has passed, the clock was changed, or a rule came or went."""
        if not self._wall.is_settled:
            await asyncio.sleep(REOPEN_AFTER)
            return
        await sleep_or(self._clock, seconds, self._changed)
