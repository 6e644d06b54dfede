"""An office whose forwarder speaks to the real mock of the centre, on a socket, with faults of meaning."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.central_mock.faults.rules.schemas import RuleOrder
from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.reconciliation.domain import Policy
from services.enrolment_api.reconciliation.tasks import Reconciler
from services.enrolment_api.recording.packet import load_packet
from shared.contracts.central import RecordEnvelope
from shared.ids import new_id
from shared.packets import BIODATA, Sealer
from shared.testing.waiting import eventually
from tests.enrolments import OFFICE, complete_record
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.office import Prepared
from tests.integration.enrolment_api.delivery.office import Office, running_office

FIELDS = set(RecordEnvelope.model_fields) - {"key"}
SPEED = 30.0
"""Of both clocks: what one waits for the other must not think over."""
RECONCILED_EVERY = 60.0


@dataclass
class Pair:
    """The office, the centre, and what each says of the other."""

    office: Office
    centre: RunningCentre
    sealer: Sealer
    persons: int = 0

    async def record(self, count: int = 1) -> list[str]:
        """Complete so many records, each of a person of its own; their ids."""
        first, self.persons = self.persons, self.persons + count

        def complete(session: Session) -> list[str]:
            return [self._complete(session, number) for number in range(first, first + count)]

        return await self.office.database.write(complete)

    def _complete(self, session: Session, number: int) -> str:
        record_id, now = new_id(), self.office.runtime.clock.now() + timedelta(microseconds=number)
        biodata = json.dumps({"nik": f"331307570899{number:04d}", "biodata": {"name": "Siti"}}).encode()
        return complete_record(
            session, at=now, record_id=record_id, sealed_biodata=self.sealer.seal(record_id, BIODATA, biodata)
        )

    # -- faults

    async def rule(self, kind: str, *, name: str = "", **order: Any) -> str:
        """Set a rule at the centre; settings of the fault go by their names, `match` and `shape` as they are."""
        about = {each: order.pop(each) for each in ("match", "shape") if each in order}
        body = {"name": name or kind.lower(), "fault": {"kind": kind} | order} | about
        return (await self.centre.runtime.rules.set_rule(RuleOrder.model_validate(body), by="ops")).name

    async def end(self, name: str) -> None:
        """Take it off."""
        assert await self.centre.runtime.rules.remove(name, why="a test")

    def fired(self, name: str) -> int:
        """How often a rule that is on acted."""
        state = self.centre.runtime.rules.state(name)
        assert state is not None
        return state.fired

    # -- what came of it

    async def settled(self, *, within: float = 20.0) -> None:
        """Wait until the office has a receipt of every record."""
        await eventually(self.office.all_acknowledged, within=within)

    async def verify(self) -> dict[str, Any]:
        """What the centre says of all that the office recorded."""
        rows = await self.rows("SELECT id, packet_sha256, office FROM delivery")
        records = [{"key": row[0], "sha256": row[1], "office": row[2]} for row in rows]
        return await self.centre.verify(records=records, office=OFFICE)

    async def once(self) -> bool:
        """Assert that the centre has each record exactly once."""
        checked = await self.verify()
        assert checked["ok"], checked
        assert checked["at_centre"] == checked["expected"] > 0
        return True

    async def destroyed(self) -> int:
        """How many records the centre has on its conscience."""
        answer = await self.centre.control.get("/control/v1/audit")
        entries = [each["detail"] for each in answer.json()["items"] if each["action"] == "DESTROYED"]
        return sum(int(each["records"]) for each in entries)

    async def statuses(self) -> list[str]:
        """Of the records, in the order in which they were recorded."""
        return [row[0] for row in await self.rows("SELECT status FROM enrolment ORDER BY captured_at")]

    async def all_print_ready(self) -> None:
        """Wait until every record has its decision, here."""

        async def ready() -> bool:
            return set(await self.statuses()) == {"PRINT_READY_RECORD"}

        await eventually(ready, within=20)

    async def resolutions(self, record_id: str) -> list[str]:
        """What the office told others of the centre's decisions on a record."""
        events = await self.office.events("enrolment.record.resolved.v1")
        return [each["data"]["status"] for each in events if each["subject"] == record_id]  # type: ignore[index]

    async def times_sent(self, record_id: str) -> int:
        """How many POSTs of a record reached the centre."""
        entries = await self.centre.journal(key=record_id)
        return sum(each["method"] == "POST" for each in entries)

    async def as_sent(self, record_id: str) -> Prepared:
        """A record as the forwarder sends it, for doing by hand what our forwarder does not."""

        def load(session: Session) -> Prepared:
            delivery = session.get(Delivery, record_id)
            assert delivery is not None
            envelope = RecordEnvelope.model_validate(
                delivery.model_dump(include={*FIELDS}) | {"key": record_id}
            )
            return Prepared(envelope.model_dump(mode="json"), load_packet(session, record_id))

        return await self.office.database.read(load)

    async def rows(self, statement: str) -> list[Any]:
        """Of the office's database."""
        return await self.office.database.read(
            lambda session: list(session.connection().execute(sa.text(statement)).all())
        )


@contextlib.asynccontextmanager
async def running_pair(
    *, office_url: str, centre_url: str, keys: Path, home: Path, reconciles: bool = False
) -> AsyncIterator[Pair]:
    """Both, started and stopped together; the check decides at once."""
    async for centre in running(keys, centre_url, home / "centre", clock_speed=SPEED):
        await centre.decide_at_once()
        async with running_office(
            database_url=office_url,
            central_url=f"http://127.0.0.1:{centre.port}",
            keys=keys,
            home=home,
            speed=SPEED,
        ) as office:
            if reconciles:
                central = office.central
                reconciler = Reconciler(
                    office.runtime,
                    centre=central.centre,
                    forwarder=central.forwarder,
                    policy=Policy(every=RECONCILED_EVERY, grace=0.0),
                )
                office.tasks.start("reconciliation", reconciler.run)
            yield Pair(office, centre, Sealer.from_directory(keys))
