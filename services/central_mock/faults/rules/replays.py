"""A recording over HTTP: take it away, bring it back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.central_mock.faults.rules.recording import How, read_recording
from services.central_mock.faults.rules.routes import port_taken
from services.central_mock.faults.rules.schemas import RuleList
from services.central_mock.runtime import CurrentCentre, centre_of
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["rules"])

NDJSON = "application/x-ndjson"
RECORDING = {
    "requestBody": {
        "required": True,
        "content": {NDJSON: {"schema": {"type": "string", "description": "As `recording` gives it"}}},
    }
}


@router.get("/recording", response_class=StreamingResponse)
async def get_recording(centre: CurrentCentre, _ops: Ops) -> StreamingResponse:
    """Seed, rules and every firing in order since the last replay or reset, one JSON object a line."""
    return StreamingResponse(centre.rules.recording.lines(centre.rules.seed), media_type=NDJSON)


@router.post("/replay", openapi_extra=RECORDING)
async def post_replay(
    request: Request, ops: Ops, how: Annotated[How, Query(description="What is repeated")] = How.DRAW
) -> RuleList:
    """Take all rules off and set those of a recording, with its seed; attempts are counted from now.

    DRAW sets the rules that were on at its end (or, when none was, all that fired), EXACT each rule that fired. All
    are set at once: one that came in the middle of the recording had counted its attempts from there.
    """
    centre = centre_of(request)
    seed, orders = read_recording(await request.body(), how)
    with port_taken():
        await centre.rules.clear(why="replay", by=ops.subject)
        centre.rules.recording.clear()
        await centre.rules.set_seed(seed, by=ops.subject)
        for each in orders:
            await centre.rules.set_rule(each, by=ops.subject)
    return RuleList(items=centre.rules.states(), seed=centre.rules.seed)
