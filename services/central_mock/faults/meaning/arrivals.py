"""What goes wrong as a record is taken over: it takes effect twice, or again, or will be forgotten.

The plan is drawn before the transaction, which may be run again, and counts as fired after it, for what it found
to spoil is known only then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from services.central_mock.centre.records import service as records
from services.central_mock.centre.records.domain import Arrival
from services.central_mock.centre.records.service import Acceptance, Via
from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.drawn import Drawn, drawn
from services.central_mock.faults.meaning.models import DueForgetting
from services.central_mock.faults.meaning.skew import told_time
from services.central_mock.faults.rules.ruling import NOTHING, Ruling
from services.central_mock.faults.specs.meaning import AppliedTwice, Forgotten, KeysForgotten
from services.central_mock.runtime import CentreRuntime
from shared.contracts.central import SignedReceipt
from shared.failpoints import fail_point_after

FORGETTING_DUE = "forgetting_due"


@dataclass(frozen=True)
class ArrivalPlan:
    """What was drawn for one arriving record."""

    twice: Drawn[AppliedTwice] | None = None
    keys_forgotten: Drawn[KeysForgotten] | None = None
    forgotten: Drawn[Forgotten] | None = None

    @classmethod
    def of(cls, ruling: Ruling) -> "ArrivalPlan":
        """From what was drawn."""
        if ruling is NOTHING:
            return UNHARMED
        return cls(drawn(ruling, AppliedTwice), drawn(ruling, KeysForgotten), drawn(ruling, Forgotten))

    def count(self, acceptance: Acceptance) -> None:
        """Say which of them acted."""
        if not acceptance.new:
            return
        if acceptance.again and self.keys_forgotten is not None:
            self.keys_forgotten.acts()
        for each in (self.twice, self.forgotten):
            if each is not None:
                each.acts()


UNHARMED = ArrivalPlan()


@fail_point_after("centre.after-commit")
async def take_over(
    centre: CentreRuntime, arrival: Arrival, *, via: Via, ruling: Ruling, off: timedelta
) -> Acceptance:
    """Take a record over, with what was drawn for it and a clock that is so much off. Raises KeyTaken."""
    now, plan = centre.clock.now(), ArrivalPlan.of(ruling)
    receipt = records.new_receipt(arrival.envelope, centre.secrets, told_time(now, off))
    acceptance = await centre.database.write(
        lambda session: accept(session, arrival=arrival, receipt=receipt, via=via, at=now, plan=plan)
    )
    plan.count(acceptance)
    return acceptance


@fail_point_after("centre.before-commit")
def accept(
    session: Session, *, arrival: Arrival, receipt: SignedReceipt, via: Via, at: datetime, plan: ArrivalPlan
) -> Acceptance:
    """As the centre takes a record over, and what the plan makes of it. Raises KeyTaken."""
    key = arrival.envelope.key
    if plan.keys_forgotten is not None and repository.is_held(session, key):
        repository.apply_again(session, records.record_row(arrival, receipt, via, at), arrival.packet)
        session.info[records.RECORDS_ACCEPTED] = True
        acceptance = Acceptance(receipt, new=True, again=True)
    else:
        acceptance = records.accept(session, arrival=arrival, receipt=receipt, via=via, at=at)
    if acceptance.new and plan.twice is not None:
        repository.count_another_application(session, key)
    if acceptance.new and plan.forgotten is not None:
        due_at = at + timedelta(seconds=plan.forgotten.spec.after_seconds)
        session.merge(DueForgetting(key=key, rule=plan.forgotten.rule, due_at=due_at))
        session.info[FORGETTING_DUE] = True
    return acceptance
