"""A fresh centre without a new process. Numbers go on, so that no cursor of a client points past new results."""

import sqlalchemy as sa
from sqlmodel import Session

from services.central_mock.centre.records.models import Packet, Record
from services.central_mock.centre.uniqueness.models import CheckResult
from services.central_mock.faults.meaning.models import DueForgetting, HeldDecision


def forget_everything(session: Session) -> None:
    """Delete all records, packets and results."""
    for table in (CheckResult, HeldDecision, DueForgetting, Packet, Record):
        session.execute(sa.delete(table))
