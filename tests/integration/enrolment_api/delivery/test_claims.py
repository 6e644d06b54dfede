"""Two workers and one record: who was frozen beyond the end of his lease changes nothing of what another one did."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.delivery import repository, service
from services.enrolment_api.delivery.centre import Exchange
from services.enrolment_api.delivery.domain import DeliveryState, Verdict
from services.enrolment_api.delivery.lost import send_again
from services.enrolment_api.delivery.models import Backlog, Delivery
from services.enrolment_api.delivery.repository import Claim
from shared.contracts.central import SignedReceipt
from shared.database import Database, open_database
from shared.migrations import migrate
from tests.enrolments import OFFICE, complete_record

LEASE = 900.0


@dataclass
class Workers:
    """A database with one record, and what two forwarders do to it."""

    database: Database
    now: datetime = datetime(2016, 9, 16, 1, tzinfo=UTC)
    record: str = ""
    dice: random.Random = field(default_factory=lambda: random.Random(4))

    async def claim(self) -> Claim:
        claimed = await self.database.write(
            lambda session: service.claim(session, now=self.now, lease_seconds=LEASE, most=5)
        )
        [(claim, _)] = claimed
        return claim

    async def claim_after_the_lease(self) -> Claim:
        """What another worker does as soon as it may."""
        self.now += timedelta(seconds=LEASE + 1)
        return await self.claim()

    async def settle(self, claim: Claim, exchange: Exchange) -> None:
        await self.database.write(
            lambda session: service.settle(session, claim, exchange, now=self.now, dice=self.dice)
        )

    async def give_back(self, claim: Claim) -> None:
        await self.database.write(lambda session: repository.release_claims(session, [claim]))

    def accepted(self) -> Exchange:
        receipt = SignedReceipt(
            receipt_number="C-1", key=self.record, packet_sha256="0" * 64, received_at=self.now, signature=""
        )
        return Exchange(Verdict.ACCEPTED, receipt=receipt)

    async def delivery(self) -> Delivery:
        def load(session: Session) -> Delivery:
            found = session.get(Delivery, self.record)
            assert found is not None
            return found

        return await self.database.read(load)

    async def state(self) -> str:
        return (await self.delivery()).state

    async def backlog(self) -> int:
        def load(session: Session) -> int:
            found = session.get(Backlog, OFFICE)
            assert found is not None
            return found.records

        return await self.database.read(load)

    async def sent_events(self) -> int:
        said = sa.text("SELECT count(*) FROM outbox WHERE routing_key = 'enrolment.record.sent.v1'")
        return await self.database.read(lambda session: int(session.connection().execute(said).scalar_one()))

    async def found_missing(self) -> None:
        """The centre has lost it after its receipt."""
        receipt = (await self.delivery()).receipt_number
        later = self.now + timedelta(days=1)
        assert await self.database.write(
            lambda session: send_again(
                session, record_id=self.record, receipt_number=receipt, older_than=later, now=self.now
            )
        )


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[Workers]:
    await asyncio.to_thread(migrate, "enrolment_api", database_url)
    database = open_database(database_url)
    workers = Workers(database)
    workers.record = await database.write(lambda session: complete_record(session, at=workers.now))
    yield workers
    await database.close()


NO_RECEIPT = [each for each in Verdict if each is not Verdict.ACCEPTED]


async def test_whatever_a_frozen_worker_failed_at_the_record_stays_with_the_one_that_holds_it(
    workers: Workers,
) -> None:
    frozen = await workers.claim()
    holder = await workers.claim_after_the_lease()
    held = (await workers.delivery()).model_dump()
    for verdict in NO_RECEIPT:
        await workers.settle(frozen, Exchange(verdict, reason="late"))
        assert (await workers.delivery()).model_dump() == held, verdict
    await workers.give_back(frozen)
    assert (await workers.delivery()).model_dump() == held
    await workers.settle(holder, workers.accepted())
    settled = (await workers.delivery()).model_dump()
    for verdict in NO_RECEIPT:
        await workers.settle(frozen, Exchange(verdict, reason="late"))
        assert (await workers.delivery()).model_dump() == settled, verdict
    assert await workers.backlog() == 0


async def test_a_late_receipt_is_the_truth_and_is_taken_once(workers: Workers) -> None:
    frozen = await workers.claim()
    holder = await workers.claim_after_the_lease()
    await workers.settle(frozen, workers.accepted())
    taken = await workers.delivery()
    assert (taken.state, taken.receipt_number) == (DeliveryState.ACKNOWLEDGED, "C-1")
    assert taken.next_attempt_at is None
    await workers.settle(holder, workers.accepted())
    await workers.settle(holder, Exchange(Verdict.UNKNOWN))
    assert (await workers.delivery()).model_dump() == taken.model_dump()
    assert await workers.backlog() == 0
    assert await workers.sent_events() == 1


async def test_a_late_receipt_ends_a_quarantine_and_the_backlog_still_counts_right(workers: Workers) -> None:
    frozen = await workers.claim()
    holder = await workers.claim_after_the_lease()
    await workers.settle(holder, Exchange(Verdict.CONFLICT, reason="other bytes"))
    assert await workers.backlog() == 0
    await workers.settle(frozen, workers.accepted())
    assert await workers.state() == DeliveryState.ACKNOWLEDGED
    assert await workers.backlog() == 0


async def test_a_receipt_that_is_older_than_its_loss_proves_nothing(workers: Workers) -> None:
    frozen = await workers.claim()
    before_the_loss = workers.accepted()
    await workers.settle(await workers.claim_after_the_lease(), workers.accepted())
    await workers.found_missing()
    await workers.settle(frozen, before_the_loss)
    assert await workers.state() == DeliveryState.OUTCOME_UNKNOWN
    assert await workers.backlog() == 1
