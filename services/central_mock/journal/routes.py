"""What happened: query, export, follow, verify. For ops."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from services.central_mock.faults.domain import Mode
from services.central_mock.journal.domain import AnyEntry, Entry, Outcome
from services.central_mock.journal.schemas import JournalPage, Verification, VerifyRequest
from services.central_mock.journal.service import troubled_keys, verify
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["journal"])

FOLLOWER_MAY_LAG = 1000
HEARTBEAT = 10.0
EXPORTED_AT_ONCE = 500


class JournalFilter:
    """Which entries are asked for; a dependency, so that query and export take the same filters."""

    def __init__(
        self,
        office: str | None = None,
        key: str | None = None,
        fault: Mode | None = None,
        outcome: Outcome | None = None,
        status: int | None = None,
        applied: bool | None = None,
        acknowledged: bool | None = None,
    ) -> None:
        asked = {
            "office": office,
            "key": key,
            "fault": fault,
            "outcome": outcome,
            "status": status,
            "applied": applied,
            "acknowledged": acknowledged,
        }
        self._asked = {name: value for name, value in asked.items() if value is not None}

    def matches(self, entry: Entry) -> bool:
        """Whether the entry has all that was asked."""
        return all(getattr(entry, name) == value for name, value in self._asked.items())


Filter = Annotated[JournalFilter, Depends()]
Cursor = Annotated[str, Query(pattern=r"^\d{0,18}$", description="`next_cursor` of the page before")]


@router.get("/journal")
async def get_journal(
    centre: CurrentCentre,
    _ops: Ops,
    wanted: Filter,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> JournalPage:
    """Requests as the centre lived them, oldest first: the last 20,000 are kept."""
    found = []
    for entry in centre.journal.after(int(cursor or 0), wanted.matches):
        found.append(entry)
        if len(found) > limit:
            break
    page = found[:limit]
    return JournalPage(
        items=[each.public() for each in page],
        next_cursor=str(page[-1].id) if len(found) > limit else None,
    )


@router.get("/journal/export", response_class=StreamingResponse)
async def export_journal(centre: CurrentCentre, _ops: Ops, wanted: Filter) -> StreamingResponse:
    """All matching entries, one JSON object a line."""
    return StreamingResponse(_lines(centre, wanted), media_type="application/x-ndjson")


async def _lines(centre: CentreRuntime, wanted: JournalFilter) -> AsyncIterator[bytes]:
    lines: list[str] = []
    for entry in centre.journal.after(0, wanted.matches):
        lines.append(json.dumps(entry.public()) + "\n")
        if len(lines) >= EXPORTED_AT_ONCE:
            yield "".join(lines).encode()
            lines.clear()
            await asyncio.sleep(0)  # the centre's own requests go on meanwhile
    yield "".join(lines).encode()


@router.get("/stream", response_class=StreamingResponse)
async def stream(centre: CurrentCentre, _ops: Ops) -> StreamingResponse:
    """Server-sent events: `request` for each request that ended, from now on."""
    return StreamingResponse(_events(centre), media_type="text/event-stream")


async def _events(centre: CentreRuntime) -> AsyncIterator[bytes]:
    waiting: asyncio.Queue[Entry] = asyncio.Queue(FOLLOWER_MAY_LAG)

    def follow(entry: AnyEntry) -> None:
        if (
            isinstance(entry, Entry) and not waiting.full()
        ):  # a follower that can't keep up misses some rather than filling the memory
            waiting.put_nowait(entry)

    centre.journal.followers.add(follow)
    try:
        yield b": following\n\n"
        while not centre.results.closed:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    entry = await waiting.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            yield f"id: {entry.id}\nevent: request\ndata: {json.dumps(entry.public())}\n\n".encode()
    finally:
        centre.journal.followers.discard(follow)


@router.post("/verify")
async def post_verify(centre: CurrentCentre, _ops: Ops, request: VerifyRequest) -> Verification:
    """Hold what clients believe against what the centre has. Changes nothing."""
    troubled = troubled_keys(centre.journal)
    return await centre.database.read(lambda session: verify(session, request=request, troubled=troubled))
