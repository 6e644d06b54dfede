"""Every message that comes is applied, whether it came before or is not its turn."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from shared.contracts.envelope import Event
from shared.messaging.inbox import Inbox, Outcome


def _receive(self: Any, session: Session, event: Event, _now: datetime) -> Outcome:
    self._handlers.apply(session, event)
    return Outcome.APPLIED if event.sequence else Outcome.UNORDERED


def plant() -> None:
    inbox: Any = Inbox
    inbox.receive = _receive
