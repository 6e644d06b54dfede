"""What a scenario does to the rule book, with time turned by hand: real rules, a real database, no sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.central_mock.faults.rules.index import RuleIndex
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.rules.service import RuleBook
from services.central_mock.faults.scenarios.domain import AFTER, Action, State, next_change, part_of
from services.central_mock.faults.scenarios.keeping import ORDER
from services.central_mock.faults.scenarios.presets import presets
from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.faults.scenarios.service import Player, RuleRefused, ScenarioRuns
from services.central_mock.faults.specs.http import Status
from services.central_mock.faults.specs.socket import Latency
from services.central_mock.journal.domain import What
from services.central_mock.journal.journal import Journal
from services.central_mock.orders import give_order
from services.central_mock.registry import CentreModel
from shared.clock import SystemClock
from shared.database import Database, DatabaseUnavailable, open_database
from shared.database.work import T, Work
from shared.problems import IllegalAction, InvalidInput

ABOUT = 5.0
"""Seconds: a rule's life runs by real time even here."""
START = datetime(2016, 9, 16, 4, 30, tzinfo=UTC)


class NoWall:
    """A listener that does whatever it is told."""

    is_settled = True

    async def take(self, index: RuleIndex | None) -> None: ...


class Told(Journal):
    """A journal, and what it was told of scenarios."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, str]] = []

    def note(self, what: What, *, at: datetime, event: str, name: str, **detail: Any) -> None:
        assert what is What.SCENARIO
        self.events.append((event, detail["stage"]))
        super().note(what, at=at, event=event, name=name, **detail)


class Stage:
    """A player and its rule book, with time that passes when told."""

    def __init__(self, database: Database) -> None:
        self.at = 0.0
        self.clock = SystemClock(lambda: self.at)
        self.clock.set(START, 1.0)
        self.book = RuleBook(NoWall(), self.clock, database)
        self.journal = Told()
        self.player = Player(self.book, self.clock, database, self.journal, lambda: self.at)

    async def wait(self, seconds: float) -> None:
        """Let time pass, and the player see it."""
        self.at += seconds
        await self.player.go_on()

    def rules(self) -> list[str]:
        return sorted(rule.name for rule in self.book.rules())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "central.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    CentreModel.metadata.create_all(engine)
    engine.dispose()
    return path


@asynccontextmanager
async def staged(file: Path) -> AsyncIterator[Stage]:
    database = open_database(f"sqlite:///{file}")
    stage = Stage(database)
    try:
        yield stage
    finally:
        await stage.player.stop_running(by="the test", why="the test is over")
        await stage.book.clear(why="the test is over")
        await database.close()


@pytest.fixture
async def stage(file: Path) -> AsyncIterator[Stage]:
    async with staged(file) as each:
        yield each


def scenario(**more: Any) -> Scenario:
    """A calm stage, a bad one whose number moves, a worse one."""
    stages = [
        {"name": "calm", "lasts": "PT60S"},
        {
            "name": "bad",
            "lasts": "PT90S",
            "faults": [
                {"name": "slow", "fault": {"kind": "LATENCY", "seconds": 1},
                 "ramps": [{"parameter": "seconds", "from": 1, "to": 3, "steps": 3}]},
                {"name": "erring", "fault": {"kind": "STATUS", "status": 500}, "shape": {"first": 5}},
            ],
        },
        {"name": "worse", "lasts": "PT30S", "faults": [{"name": "dead", "fault": {"kind": "REFUSE"}}]},
    ]  # fmt: skip
    return Scenario.model_validate({"name": "day", "stages": stages, **more})


async def test_each_stage_has_its_own_rules_and_the_end_has_none(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops", reason="a drill")
    assert stage.rules() == []
    await stage.wait(60)
    assert stage.rules() == ["day.bad.erring", "day.bad.slow"]
    await stage.wait(90)
    assert stage.rules() == ["day.worse.dead"]
    rule = stage.book.find("day.worse.dead")
    assert rule is not None
    assert (rule.set_by, rule.reason, rule.seconds) == ("ops", "a drill", 30.0)
    await stage.wait(30)
    assert stage.rules() == []
    assert stage.player.last is not None
    assert stage.player.last.why == "it was played to its end"
    assert stage.journal.events == [
        ("started", "calm"), ("stage", "bad"), ("stage", "worse"), ("ended", "worse")
    ]  # fmt: skip


async def test_a_ramp_moves_its_number_and_the_counts_go_on(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops", stage="bad")
    seen = []
    for _ in range(3):
        rule = stage.book.find("day.bad.slow")
        assert rule is not None
        assert isinstance(rule.fault, Latency)
        seen.append((rule.fault.seconds, stage.book.left("day.bad.slow")))
        stage.book._live["day.bad.slow"].fired += 1
        await stage.wait(30)
    assert [seconds for seconds, _ in seen] == [1.0, 2.0, 3.0]
    assert [left for _, left in seen] == pytest.approx([90, 60, 30], abs=ABOUT)


async def test_the_counts_of_a_fault_that_does_not_move_are_left_alone_within_its_stage(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops", stage="bad")
    before = stage.book._live["day.bad.erring"]
    await stage.wait(30)
    assert stage.book._live["day.bad.erring"] is before
    stage.book._live["day.bad.erring"].fired = 4
    await stage.player.pause("day", seconds=600, by="ops")
    assert stage.book.left("day.bad.erring") == pytest.approx(660, abs=ABOUT)
    assert stage.book._live["day.bad.erring"].fired == 4


async def test_a_new_round_begins_with_new_counts(stage: Stage) -> None:
    again = Scenario.model_validate(
        {"name": "day", "loop": 3, "stages": [{"name": "bad", "lasts": "PT10S", "faults": [
            {"name": "erring", "fault": {"kind": "STATUS", "status": 500}, "shape": {"first": 5}}]}]}
    )  # fmt: skip
    await stage.player.start(again, by="ops")
    stage.book._live["day.bad.erring"].fired = 4
    await stage.wait(10)
    assert stage.book._live["day.bad.erring"].fired == 0
    assert stage.book.left("day.bad.erring") == pytest.approx(10, abs=ABOUT)


async def test_a_rule_that_was_taken_off_by_hand_stays_off_until_the_stage_is_over(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops", stage="bad")
    await stage.book.remove("day.bad.slow", why="too much")
    await stage.wait(30)
    await stage.player.pause("day", seconds=60, by="ops")
    assert stage.rules() == ["day.bad.erring"]


async def test_one_scenario_runs_at_a_time(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops")
    with pytest.raises(ScenarioRuns) as refused:
        await stage.player.start(presets()["flapping"], by="ops")
    assert refused.value.extensions == {"running": "day", "state": State.RUNNING}
    with pytest.raises(IllegalAction):
        await stage.player.pause("flapping", seconds=60, by="ops")


async def test_a_scenario_whose_first_rule_is_covered_does_not_start(stage: Stage) -> None:
    await stage.book.set_rule(
        RuleOrder(name="mine", fault=Status.model_validate({"kind": "STATUS", "status": 503})), by="ops"
    )
    with pytest.raises(RuleRefused, match="mine"):
        await stage.player.start(scenario(), by="ops", stage="bad")
    assert stage.rules() == ["mine"]
    assert stage.player.running is None


async def test_a_rule_that_is_covered_later_is_told_and_the_others_are_set(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops")
    await stage.book.set_rule(
        RuleOrder(name="mine", fault=Status.model_validate({"kind": "STATUS", "status": 503})), by="ops"
    )
    await stage.wait(60)
    assert stage.rules() == ["day.bad.slow", "mine"]
    run = stage.player.now()
    assert run is not None
    assert "mine" in run.refused["day.bad.erring"]


async def test_its_seed_holds_while_it_runs(stage: Stage) -> None:
    await stage.book.set_seed(7, by="ops")
    await stage.player.start(scenario(seed=99), by="ops")
    assert stage.book.seed == 99
    await stage.player.stop("day", by="ops")
    assert stage.book.seed == 7


async def test_a_seed_that_was_set_meanwhile_stays(stage: Stage) -> None:
    await stage.player.start(scenario(seed=99), by="ops")
    await stage.book.set_seed(8, by="ops")
    await stage.wait(1000)
    assert stage.book.seed == 8


async def test_a_step_can_be_sent_twice(stage: Stage) -> None:
    await stage.player.start(scenario(), by="ops")
    await stage.player.step("day", leaving="calm", by="ops")
    with pytest.raises(Exception, match="in the stage 'bad'"):
        await stage.player.step("day", leaving="calm", by="ops")


async def test_a_stage_that_does_not_exist_is_told(stage: Stage) -> None:
    with pytest.raises(InvalidInput, match="no stage called"):
        await stage.player.start(scenario(), by="ops", stage="nothing")


@pytest.mark.parametrize("where", ["2036-01-01T00:00:00Z", "1996-01-01T00:00:00Z"])
async def test_moving_the_clock_loses_no_place(stage: Stage, where: str) -> None:
    await stage.player.start(scenario(), by="ops")
    await stage.wait(40)
    stage.clock.set(datetime.fromisoformat(where), 10.0)
    await stage.wait(0)
    await stage.wait(1.9)  # 19 seconds at ten times the speed
    assert stage.rules() == []
    await stage.wait(0.11)
    assert stage.rules() == ["day.bad.erring", "day.bad.slow"]


class TestRestart:
    async def again(self, stage: Stage) -> Stage:
        """Another process on the same database, as after kill -9; the clock went on."""
        other = Stage(stage.player._database)
        other.clock.set(stage.clock.now(), stage.clock.speed)
        other.at = 5000.0
        other.clock.set(stage.clock.now(), 1.0)
        return other

    async def restored(self, stage: Stage, later: float) -> Stage:
        stage.at += later
        other = await self.again(stage)
        await other.book.restore()
        await other.player.restore()
        stage.player._run = None  # it is dead
        return other

    @pytest.mark.parametrize(
        ("later", "rules", "said"),
        [
            (5.0, ["day.bad.erring", "day.bad.slow"], "in its stage bad for another 75 s"),
            (70.0, ["day.bad.erring", "day.bad.slow"], "in its stage bad for another 10 s"),
            (85.0, ["day.worse.dead"], "in its stage worse for another 25 s"),
            (500.0, [], "was over"),
        ],
    )
    async def test_it_goes_on_where_the_clock_has_it(
        self, stage: Stage, later: float, rules: list[str], said: str
    ) -> None:
        await stage.player.start(scenario(), by="ops", stage="bad")
        await stage.wait(10)

        other = await self.restored(stage, later)

        assert other.rules() == rules
        assert (other.player.restored or "").endswith(said)
        await other.wait(500)
        assert other.rules() == []
        assert other.player.running is None

    async def test_a_pause_outlives_it(self, stage: Stage) -> None:
        await stage.player.start(scenario(), by="ops", stage="bad")
        await stage.player.pause("day", seconds=1000, by="ops")
        other = await self.restored(stage, 900)
        assert other.player.state_of("day") is State.PAUSED
        assert other.rules() == ["day.bad.erring", "day.bad.slow"]
        await other.player.stop("day", by="ops")

    async def test_what_another_version_kept_keeps_nobody_from_starting(self, stage: Stage) -> None:
        await stage.player._database.write(
            lambda session: give_order(session, name=ORDER, value={"run": {}}, at=START, by="ops")
        )
        await stage.player.restore()
        assert "can't be read" in (stage.player.restored or "")
        await stage.player.start(scenario(), by="ops")

    async def test_after_a_stop_there_is_nothing_to_go_on_with(self, stage: Stage) -> None:
        await stage.player.start(scenario(), by="ops", stage="bad")
        await stage.player.stop("day", by="ops")
        other = await self.again(stage)
        await other.book.restore()
        await other.player.restore()
        assert (other.player.running, other.player.restored, other.rules()) == (None, None, [])


@pytest.mark.parametrize("name", sorted(presets()))
async def test_every_preset_can_be_set_as_it_stands_and_plays_to_its_end(stage: Stage, name: str) -> None:
    played = presets()[name]
    await stage.player.start(played, by="ops")
    met = []
    while (run := stage.player.now()) is not None and run.place.round == 1:
        assert not run.refused
        assert stage.rules() == sorted(run.faults)
        assert {rule.name: rule.fault for rule in stage.book.rules()} == {
            rule: fault.fault for rule, fault in run.faults.items()
        }
        met.append((run.place.stage, part_of(run.scenario.timeline, run.place)))
        await stage.wait(next_change(run.scenario.timeline, run.place))
    assert len(met) == sum(len(each.shares) for each in played.stages)
    await stage.wait(7 * 86_400)
    assert stage.player.running is None
    assert stage.rules() == []


class Away(Database):
    """A database that can be away."""

    away = False

    async def write(self, work: Work[T]) -> T:
        if self.away:
            raise DatabaseUnavailable("it is away")
        return await super().write(work)


async def test_a_database_that_is_away_only_makes_the_next_stage_late(stage: Stage) -> None:
    database = Away(stage.player._database._backend)
    other = Stage(database)
    await other.player.start(scenario(), by="ops", stage="bad")
    database.away = True
    with pytest.raises(DatabaseUnavailable):
        await other.wait(91)
    assert other.rules() == []  # those of the stage that is over are off all the same
    database.away = False
    await other.player.go_on()
    assert other.rules() == ["day.worse.dead"]
    database.away = True
    await other.player.stop("day", by="ops")
    assert other.rules() == []
    database.away = False
    await other.player.go_on()
    again = Stage(database)
    await again.book.restore()
    await again.player.restore()
    assert again.player.running is None


deeds = st.lists(
    st.tuples(st.sampled_from([*(Action), "wait", "wait", "clock"]), st.floats(0.0, 120.0)), max_size=15
)
loops = st.sampled_from([{}, {"loop": 3}, {"loop": "FOREVER", "for": "PT9M"}, {"seed": 5}])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loops, deeds)
def test_whatever_ops_do_only_one_stages_rules_are_on_and_none_at_the_end(
    file: Path, loop: dict[str, Any], history: list[tuple[str, float]]
) -> None:
    asyncio.run(_live_through(file, scenario(**loop), history))


async def _live_through(file: Path, played: Scenario, history: list[tuple[str, float]]) -> None:
    async with staged(file) as stage:
        for deed, seconds in [(Action.START, 0.0), *history]:
            await _do(stage, played, deed, seconds)
            _check(stage, played)
        if stage.player.running:
            for _ in range(100):
                await stage.wait(3600)
        assert stage.player.running is None
        assert stage.rules() == []
        assert stage.book.seed == 1


async def _do(stage: Stage, played: Scenario, deed: str, seconds: float) -> None:
    state, player = stage.player.state_of("day"), stage.player
    note(f"{deed} {seconds} while {state}")
    if deed == "wait":
        await stage.wait(seconds)
        return
    if deed == "clock":
        stage.clock.set(START, 1.0 + seconds)
        await stage.wait(0.0)
        return
    does: Callable[[], Awaitable[None]] = {
        Action.START: lambda: player.start(played, by="ops"),
        Action.PAUSE: lambda: player.pause("day", seconds=seconds + 1.0, by="ops"),
        Action.RESUME: lambda: player.resume("day", by="ops"),
        Action.STEP: lambda: player.step("day", by="ops"),
        Action.STOP: lambda: player.stop("day", by="ops"),
    }[Action(deed)]
    if (state, deed) in AFTER:
        await does()
    else:
        with pytest.raises((IllegalAction, ScenarioRuns)):
            await does()


def _check(stage: Stage, played: Scenario) -> None:
    """The rules that are on are exactly those of the stage, with no longer life than it."""
    run = stage.player.now()
    wanted = [] if run is None else list(run.faults)
    assert stage.rules() == sorted(wanted)
    for name in wanted:
        rule = stage.book.find(name)
        assert run is not None
        assert rule is not None
        assert rule.fault == run.faults[name].fault
        assert rule.seconds <= 90.0 + 121.0
