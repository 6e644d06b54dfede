"""The console's verbs: offline, online, state, uniqueness, reset. All for ops; each is safe to send twice."""

from fastapi import APIRouter

from services.central_mock.centre.records import repository
from services.central_mock.centre.uniqueness.domain import CheckState
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.domain import Fault
from services.central_mock.faults.reset import forget_everything
from services.central_mock.faults.schemas import CentreState, FaultState, OfflineOrder, RecordCounts
from services.central_mock.orders import give_order
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.problems import Unavailable
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["console"])

POLICY_ORDER = "uniqueness"


@router.post("/offline")
async def go_offline(centre: CurrentCentre, ops: Ops, order: OfflineOrder) -> CentreState:
    """Take the centre offline; a fault that is on already is replaced. It ends by itself after `for`."""
    await centre.faults.offline(
        Fault(
            mode=order.mode,
            since=centre.clock.now(),
            seconds=order.life.total_seconds(),
            set_by=ops.subject,
            reason=order.reason,
            retry_after=order.retry_after,
        )
    )
    return await read_state(centre)


@router.post("/online")
async def go_online(centre: CurrentCentre, ops: Ops) -> CentreState:
    """End the fault, whatever it is. Says so too when there was none."""
    await _online(centre, why=f"by {ops.subject}")
    return await read_state(centre)


async def _online(centre: CentreRuntime, *, why: str) -> None:
    try:
        await centre.faults.online(why=why)
    except OSError as error:
        raise Unavailable("Another process has taken the centre's port", retry_after=5) from error


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
    """Forget all records, results, the journal and the fault, and check uniqueness as configured at the start."""
    await _online(centre, why=f"reset by {ops.subject}")
    await centre.database.write(forget_everything)
    centre.journal.clear()
    await _order_policy(centre, UniquenessPolicy(delay_seconds=centre.settings.uniqueness_delay), ops.subject)
    return await read_state(centre)


async def read_state(centre: CentreRuntime) -> CentreState:
    """The state as it is now."""
    front = centre.faults.front
    return CentreState(
        online=front.fault is None,
        fault=_fault_state(centre),
        listening=front.listener is not None and front.listener.is_open,
        open_connections=len(front.connections),
        now=centre.clock.now(),
        clock_speed=centre.clock.speed,
        records=await _counts(centre),
        uniqueness=centre.policy,
        journal_entries=len(centre.journal),
        restored=centre.faults.restored,
    )


def _fault_state(centre: CentreRuntime) -> FaultState | None:
    fault, ends_at = centre.faults.front.fault, centre.faults.ends_at
    if fault is None or ends_at is None:
        return None
    return FaultState(
        mode=fault.mode,
        since=fault.since,
        ends_at=ends_at,
        seconds_left=round(centre.faults.left(), 3),
        set_by=fault.set_by,
        reason=fault.reason,
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
