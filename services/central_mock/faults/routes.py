"""The console's verbs: offline, online, state, uniqueness, reset. All for ops; each is safe to send twice."""

from fastapi import APIRouter

from services.central_mock.centre.records import repository
from services.central_mock.centre.uniqueness.domain import CheckState
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.domain import Mode
from services.central_mock.faults.offline import rule_of
from services.central_mock.faults.reset import forget_everything
from services.central_mock.faults.rules.keeping import OFFLINE
from services.central_mock.faults.rules.routes import port_taken
from services.central_mock.faults.scenarios.showing import run_state
from services.central_mock.faults.schemas import CentreState, FaultState, OfflineOrder, RecordCounts
from services.central_mock.orders import give_order
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["console"])

POLICY_ORDER = "uniqueness"


@router.post("/offline")
async def go_offline(centre: CurrentCentre, ops: Ops, order: OfflineOrder) -> CentreState:
    """Take the centre offline; if it is already, in this way instead. It ends by itself after `for`."""
    with port_taken():
        await centre.rules.set_rule(rule_of(order), by=ops.subject, replace=True)
    return await read_state(centre)


@router.post("/online")
async def go_online(centre: CurrentCentre, ops: Ops) -> CentreState:
    """End what `offline` set. Says so too when there was nothing; other rules stay."""
    with port_taken():
        await centre.rules.remove(OFFLINE, why="online", by=ops.subject)
    return await read_state(centre)


@router.get("/state")
async def get_state(centre: CurrentCentre, _ops: Ops) -> CentreState:
    """Everything that can be set, and what it does now."""
    return await read_state(centre)


@router.get("/uniqueness")
async def get_uniqueness(centre: CurrentCentre, _ops: Ops) -> UniquenessPolicy:
    """The policy of the uniqueness check."""
    return centre.policy


@router.put("/uniqueness")
async def put_uniqueness(centre: CurrentCentre, ops: Ops, policy: UniquenessPolicy) -> UniquenessPolicy:
    """Set it; it holds at once, for records that wait already too, and over a restart."""
    await _order_policy(centre, policy, ops.subject)
    return policy


async def _order_policy(centre: CentreRuntime, policy: UniquenessPolicy, by: str) -> None:
    value, now = policy.model_dump(mode="json"), centre.clock.now()
    await centre.database.write(
        lambda session: give_order(session, name=POLICY_ORDER, value=value, at=now, by=by)
    )
    centre.policy = policy
    centre.check_due.ring()


@router.post("/reset")
async def reset(centre: CurrentCentre, ops: Ops) -> CentreState:
    """Forget all records, results, the journal and all rules, and check uniqueness as configured at the start."""
    await centre.scenarios.stop_running(why="reset", by=ops.subject)
    with port_taken():
        await centre.rules.clear(why="reset", by=ops.subject)
    await centre.database.write(forget_everything)
    centre.journal.clear()
    centre.rules.start_anew()
    await _order_policy(centre, UniquenessPolicy(delay_seconds=centre.settings.uniqueness_delay), ops.subject)
    return await read_state(centre)


async def read_state(centre: CentreRuntime) -> CentreState:
    """The state as it is now."""
    front, fault = centre.front, _fault_state(centre)
    return CentreState(
        online=fault is None,
        fault=fault,
        rules=centre.rules.states(),
        seed=centre.rules.seed,
        listening=front.listener is not None and front.listener.is_open,
        open_connections=len(front.connections),
        now=centre.clock.now(),
        clock_speed=centre.clock.speed,
        records=await _counts(centre),
        uniqueness=centre.policy,
        journal_entries=centre.keeper.rows + len(centre.journal.unwritten),
        scenario=run_state(centre.scenarios),
        restored="; ".join(filter(None, (centre.rules.restored, centre.scenarios.restored))) or None,
    )


def _fault_state(centre: CentreRuntime) -> FaultState | None:
    rule = centre.rules.state(OFFLINE)
    if rule is None:
        return None
    return FaultState(
        mode=Mode(rule.fault.kind.value),
        since=rule.since,
        ends_at=rule.ends_at,
        seconds_left=rule.seconds_left,
        set_by=rule.set_by,
        reason=rule.reason,
    )


async def _counts(centre: CentreRuntime) -> RecordCounts:
    rows = await centre.database.read(repository.counts)
    by_decision: dict[str, int] = {}
    for row in rows:
        if row.decision is not None:
            by_decision[row.decision] = by_decision.get(row.decision, 0) + row.number
    return RecordCounts(
        total=sum(row.number for row in rows),
        waiting=sum(row.number for row in rows if row.state != CheckState.DECIDED),
        by_decision=by_decision,
    )
