"""What clients send about tickets and what they get back."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.queue_api.forecast.domain import Forecast, ServedToday
from services.queue_api.tickets.domain import Action, Priority, State, allowed_actions, label
from services.queue_api.tickets.models import Ticket
from shared.contracts.offices import CounterName, OfficeCode, ServiceType

Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{6,18}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TicketRequest(_Request):
    """A citizen takes a number."""

    service: ServiceType
    priority: Priority | None = None
    phone: Phone | None = None


class CallRequest(_Request):
    """Which of the counter's services to call for; all of them when left out."""

    services: Annotated[list[ServiceType], Field(min_length=1, max_length=4)] | None = None


class ActionRequest(_Request):
    """Where to resume a parked ticket; its own counter when left out."""

    counter: CounterName | None = None


class TransferRequest(_Request):
    """Where the ticket goes on: another office of the kabupaten, another service, or both."""

    office: OfficeCode | None = None
    service: ServiceType | None = None


class VoucherRequest(_Request):
    """Why the place is kept; said on the voucher."""

    reason: Annotated[str, Field(min_length=1, max_length=300)] | None = None


class RedeemRequest(_Request):
    """The office where the citizen stands now, and what is on the paper for an office that can't look it up."""

    office: OfficeCode
    signed: Annotated[str, Field(max_length=2000)] | None = None


class PlainAction(StrEnum):
    """The actions that take a ticket and nothing else."""

    RECALL = "recall"
    START = "start"
    FINISH = "finish"
    NO_SHOW = "no-show"
    REINSTATE = "reinstate"
    PARK = "park"
    RESUME = "resume"
    CANCEL = "cancel"


class Eta(BaseModel):
    """Minutes until one's turn: half of the people wait less than p50, nine in ten less than p90."""

    p50_minutes: float
    p90_minutes: float

    @classmethod
    def of(cls, forecast: Forecast) -> Self | None:
        """The forecast's numbers, where it has any."""
        if forecast.p50_minutes is None or forecast.p90_minutes is None:
            return None
        return cls(p50_minutes=forecast.p50_minutes, p90_minutes=forecast.p90_minutes)


class TicketView(BaseModel):
    """A ticket as the office sees it."""

    id: str
    code: str
    office: str
    day: date
    number: str
    service: ServiceType
    state: State
    priority: Priority | None
    arrived_at: AwareDatetime
    counter: str | None
    officer: str | None
    calls: int
    called_at: AwareDatetime | None
    serving_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    interrupted: bool
    continues_as: str | None
    allowed_actions: list[Action]

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """The stored ticket as an answer."""
        return cls(**_facts(ticket))


class TicketInLine(TicketView):
    """A ticket with where it stands in its line."""

    ahead: int | None
    """People who are called before; null when it is not in line."""
    eta: Eta | None
    eta_reason: str | None
    served_today: ServedToday | None


class CitizenTicket(BaseModel):
    """A ticket as the citizen sees it, who knows its code."""

    code: str
    office: str
    day: date
    number: str
    service: ServiceType
    state: State
    arrived_at: AwareDatetime
    counter: str | None
    ahead: int | None
    eta: Eta | None
    eta_reason: str | None
    served_today: ServedToday | None
    interrupted: bool
    voucher: str | None
    """The code of the voucher that keeps the place."""
    continues_as: str | None
    """The code of the ticket it goes on as."""
    as_of: AwareDatetime


def _facts(ticket: Ticket) -> dict[str, object]:
    return {
        **{name: getattr(ticket, name) for name in COPIED},
        "number": label(ticket.service, ticket.number),
        "allowed_actions": allowed_actions(ticket.state),
    }


COPIED = [name for name in TicketView.model_fields if name not in {"number", "allowed_actions"}]
