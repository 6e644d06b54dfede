"""Rules over HTTP: set, look at, take off, start the dice elsewhere, see who did what. All for ops."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.central_mock.faults.rules import repository
from services.central_mock.faults.rules.catalogue import catalogue
from services.central_mock.faults.rules.schemas import RuleList, RuleName, RuleOrder, RuleState, Seed
from services.central_mock.faults.schemas import AuditEntry, AuditPage, FaultKind
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.problems import InvalidInput, NotFound, Unavailable
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["rules"])

Name = Annotated[RuleName, Path(description="The rule's name")]


@contextlib.contextmanager
def port_taken() -> Iterator[None]:
    """The centre can't listen again while another process has its port; it goes on trying."""
    try:
        yield
    except OSError as error:
        raise Unavailable("Another process has taken the centre's port", retry_after=5) from error


@router.get("/faults")
async def list_rules(centre: CurrentCentre, _ops: Ops) -> RuleList:
    """All rules in force, in the order in which they are asked."""
    return _list(centre)


def _list(centre: CentreRuntime) -> RuleList:
    return RuleList(items=centre.rules.states(), seed=centre.rules.seed)


@router.get("/faults/kinds")
async def list_kinds(_ops: Ops) -> list[FaultKind]:
    """Every fault there is, with the JSON schema of its settings."""
    return catalogue()


@router.post("/faults", status_code=201)
async def set_rule(centre: CurrentCentre, ops: Ops, order: RuleOrder) -> RuleState:
    """Put a rule in force. It ends by itself after `for`; 409 when its name is taken or it could never act."""
    with port_taken():
        rule = await centre.rules.set_rule(order, by=ops.subject)
    return _known(centre, rule.name)


@router.get("/faults/{name}")
async def get_rule(centre: CurrentCentre, _ops: Ops, name: Name) -> RuleState:
    """One rule with its counts."""
    return _known(centre, name)


@router.put("/faults/{name}")
async def put_rule(centre: CurrentCentre, ops: Ops, name: Name, order: RuleOrder) -> RuleState:
    """Put a rule in force in place of the one of this name, with a life and counts of its own."""
    if order.name not in {None, name}:
        raise InvalidInput.field("/body/name", "is not the name in the path")
    with port_taken():
        await centre.rules.set_rule(order.model_copy(update={"name": name}), by=ops.subject, replace=True)
    return _known(centre, name)


@router.delete("/faults/{name}", status_code=204)
async def delete_rule(centre: CurrentCentre, ops: Ops, name: Name) -> None:
    """Take a rule off."""
    with port_taken():
        if not await centre.rules.remove(name, why="taken off", by=ops.subject):
            raise NotFound(f"No rule named '{name}' is on")


@router.delete("/faults")
async def clear_rules(centre: CurrentCentre, ops: Ops) -> RuleList:
    """Take all rules off, whoever set them, and stop what sets them: the centre is well again. Safe at any time."""
    await centre.scenarios.stop_running(why="cleared", by=ops.subject)
    with port_taken():
        await centre.rules.clear(why="cleared", by=ops.subject)
    return _list(centre)


def _known(centre: CentreRuntime, name: str) -> RuleState:
    state = centre.rules.state(name)
    if state is None:
        raise NotFound(f"No rule named '{name}' is on")
    return state


@router.get("/seed")
async def get_seed(centre: CurrentCentre, _ops: Ops) -> Seed:
    """What the dice start from."""
    return Seed(seed=centre.rules.seed)


@router.put("/seed")
async def put_seed(centre: CurrentCentre, ops: Ops, seed: Seed) -> Seed:
    """Start the dice from here, and count attempts anew; it holds over a restart."""
    await centre.rules.set_seed(seed.seed, by=ops.subject)
    return seed


@router.get("/audit")
async def get_audit(
    centre: CurrentCentre,
    _ops: Ops,
    cursor: Annotated[str, Query(pattern=r"^\d{0,18}$", description="`next_cursor` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> AuditPage:
    """Who set which rule, when and why, and how each ended, oldest first. A reset does not forget it."""
    rows = await centre.database.read(
        lambda session: repository.history(session, after=int(cursor or 0), limit=limit + 1)
    )
    page = [AuditEntry.model_validate(row.model_dump()) for row in rows[:limit]]
    return AuditPage(items=page, next_cursor=str(page[-1].id) if len(rows) > limit else None)
