"""The board over HTTP: to ask for, and as a stream."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from services.queue_api.board.schemas import Board
from services.queue_api.board.service import read_board
from services.queue_api.offices.repository import office_of
from services.queue_api.runtime import CurrentQueue

router = APIRouter(prefix="/v1/offices/{office}", tags=["board"])


@router.get("/board")
async def board(office: str, queue: CurrentQueue) -> Board:
    """What the waiting room shows."""
    now = queue.clock.now()
    return await queue.database.read(lambda session: read_board(session, office_code=office, now=now))


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events `board`, `call`, `outage`"}
    },
)
async def stream(
    office: str, queue: CurrentQueue, last_event_id: Annotated[str | None, Header(max_length=50)] = None
) -> StreamingResponse:
    """Server-sent events; Last-Event-ID resumes, or begins with a fresh board where too much was missed."""
    await queue.database.read(lambda session: office_of(session, office))  # 404 before the stream begins
    return StreamingResponse(
        queue.hub.stream(office, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
