"""Which function takes which event. A handler runs in the inbox's transaction and may raise: it is tried again."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlmodel import Session

from shared.contracts.envelope import Event, EventData

Data = TypeVar("Data", bound=EventData)
Handler = Callable[[Session, Event, Data], None]


class Poison(Exception):
    """The event can never be applied; trying again is of no use."""


class Handlers:
    """A service's handlers by event type; an unknown type takes effect by doing nothing."""

    def __init__(self) -> None:
        self._by_type: dict[str, tuple[type[EventData], Handler[Any]]] = {}

    def on(self, data_type: type[Data], handler: Handler[Data]) -> None:
        """Let `handler` take events of that type."""
        self._by_type[data_type.event_type] = (data_type, handler)

    def apply(self, session: Session, event: Event) -> None:
        """Decode the data and run the handler. Raises Poison when the data is not what its type promises."""
        if event.type not in self._by_type:
            return
        data_type, handler = self._by_type[event.type]
        try:
            data = data_type.model_validate(event.data)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in each["loc"]) for each in error.errors()})
            raise Poison(f"data of {event.type} is wrong in {', '.join(fields)}") from error
        handler(session, event, data)
