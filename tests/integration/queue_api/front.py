"""What a kiosk, an officer and a supervisor do over HTTP, in the tests' words."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from services.queue_api.runtime import QueueRuntime
from shared.contracts.enrolment import CentralLinkChanged, LinkState, RecordCaptured
from shared.contracts.envelope import Event, EventData
from shared.contracts.queue import Hop
from shared.database import connection_of
from shared.ids import new_id
from shared.security import sign_token
from shared.tables import outbox

OFFICE = "33.13.07"
KABUPATEN = "33.13"
ELSEWHERE = "33.20"


class FrontDesk:
    """One office's clients, by default those of Ngargoyoso."""

    def __init__(self, http: httpx.AsyncClient, runtime: QueueRuntime, keys: Path) -> None:
        self.http = http
        self.runtime = runtime
        self._keys = keys

    # who asks

    def token(self, role: str, *offices: str, subject: str = "", lifetime: float = 3600) -> dict[str, str]:
        """The header of a caller with that role."""
        signed = sign_token(
            self._keys,
            subject=subject or f"{role}-1",
            roles=[role],
            offices=offices or (OFFICE,),
            lifetime=lifetime,
        )
        return {"Authorization": f"Bearer {signed}"}

    async def post(
        self, path: str, body: Any = None, *, role: str = "officer", **token: Any
    ) -> httpx.Response:
        """POST as that role."""
        offices = token.pop("offices", (OFFICE,))
        headers = self.token(role, *offices, subject=token.pop("subject", "")) | token.pop("headers", {})
        return await self.http.post(path, json=body, headers=headers)

    async def get(self, path: str, *, role: str = "officer") -> httpx.Response:
        """GET as that role."""
        return await self.http.get(path, headers=self.token(role))

    # what they do

    async def take_number(self, service: str = "ENROLMENT", office: str = OFFICE, **more: Any) -> Any:
        """A citizen takes a number."""
        answer = await self.post(
            f"/v1/offices/{office}/tickets", {"service": service, **more}, role="kiosk", offices=(office,)
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def call(self, counter: str = "1", *, subject: str = "", office: str = OFFICE) -> Any:
        """The counter calls its next number; None when nobody waits."""
        answer = await self.post(
            f"/v1/offices/{office}/counters/{counter}/call-next", subject=subject, offices=(office,)
        )
        assert answer.status_code in {200, 204}, answer.text
        return answer.json() if answer.status_code == 200 else None

    async def act(self, ticket: Any, action: str, **more: Any) -> httpx.Response:
        """An officer does something with a ticket."""
        return await self.post(f"/v1/tickets/{ticket['id']}/{action}", **more)

    async def do(self, ticket: Any, *actions: str) -> Any:
        """Several actions, all of which succeed."""
        answer = None
        for action in actions:
            answer = await self.act(ticket, action)
            assert answer.status_code in {200, 201}, answer.text
        assert answer is not None
        return answer.json()

    async def serve_next(self, counter: str = "1") -> Any:
        """Call, start and finish."""
        return await self.do(await self.call(counter), "start", "finish")

    async def look(self, ticket: Any) -> Any:
        """The citizen's view."""
        answer = await self.http.get(f"/v1/tickets/{ticket['code']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def line_on_board(self, service: str = "ENROLMENT") -> Any:
        """The service's line on the public board."""
        board = (await self.http.get(f"/v1/offices/{OFFICE}/board")).json()
        return next(line for line in board["services"] if line["service"] == service)

    async def put_policy(self, **policies: Any) -> None:
        """The supervisor changes a policy."""
        known = (await self.http.get(f"/v1/offices/{OFFICE}")).json()
        known.pop("today")
        known["policies"] |= policies
        answer = await self.http.put(f"/v1/offices/{OFFICE}", json=known, headers=self.token("supervisor"))
        assert answer.status_code == 200, answer.text

    # time, and the other service

    def set_time(self, at: str) -> None:
        """Simulated time goes on from there."""
        self.runtime.clock.set(datetime.fromisoformat(at))

    def pass_time(self, **delta: float) -> None:
        """Simulated time jumps ahead."""
        self.runtime.clock.set(self.runtime.clock.now() + timedelta(**delta))

    async def receive(self, apply: Any, data: EventData, office: str = OFFICE) -> None:
        """An event of enrolment_api arrives."""
        event = Event(
            id=new_id(), source="enrolment_api", type=data.event_type, subject=f"link:{office}",
            time=self.runtime.clock.now(), sequence=1, office=office, data=data.model_dump(mode="json"),
        )  # fmt: skip
        await self.runtime.database.write(lambda session: apply(session, event, data))

    def link_down(self, outage: str, hop: Hop = Hop.CENTRE) -> CentralLinkChanged:
        """The link to the centre fails now."""
        return CentralLinkChanged(
            state=LinkState.OFFLINE, hop=hop, since=self.runtime.clock.now(), outage_id=outage,
            outage_since=self.runtime.clock.now(), backlog=1,
        )  # fmt: skip

    def link_up(self, outage: str, since: datetime) -> CentralLinkChanged:
        """It works again now."""
        now = self.runtime.clock.now()
        return CentralLinkChanged(
            state=LinkState.ONLINE, hop=None, since=now, outage_id=outage,
            outage_since=since, outage_until=now, backlog=0,
        )  # fmt: skip

    def captured(self, ticket_id: str | None) -> RecordCaptured:
        """A record was captured for the ticket."""
        return RecordCaptured(
            kind="FIRST_TIME", ticket_id=ticket_id, captured_at=self.runtime.clock.now(),
            link_state=LinkState.ONLINE,
        )  # fmt: skip

    async def events(self, prefix: str = "queue.ticket.") -> list[Event]:
        """What the outbox holds, oldest first."""
        query = sa.select(outbox.c.body).order_by(outbox.c.id)
        rows = await self.runtime.database.read(lambda s: connection_of(s).execute(query).scalars().all())
        found = [Event.decode(body) for body in rows]
        return [event for event in found if event.type.startswith(prefix)]
