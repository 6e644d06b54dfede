"""The envelope of every event: CloudEvents 1.0 in structured JSON.

`sequence` counts the events of one aggregate (`subject`) from 1 without gaps, so that a consumer sees what is
missing; 0 marks a message outside any order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

CONTENT_TYPE = "application/cloudevents+json"
SPECVERSION = "1.0"
DATA_CONTENT_TYPE = "application/json"
# What stands in an envelope is kept in columns: PostgreSQL takes no NUL and no place beyond an integer, and an event
# that could not even be parked would hold up its consumer for ever.
LAST_SEQUENCE = 2**31 - 1
NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_CONTROLS)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=NO_CONTROLS)]


class EventData(BaseModel):
    """What an event says. Subclasses name their type; no field may hold a NIK, a name or a biometric."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_type: ClassVar[str]


class NotAnEvent(ValueError):
    """The bytes are no CloudEvent of ours."""


class Event(BaseModel):
    """One event as it travels."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = SPECVERSION
    id: EventId
    source: Word
    type: Word
    subject: Word
    time: AwareDatetime
    sequence: int = Field(ge=0, le=LAST_SEQUENCE)
    office: str
    traceparent: str = ""
    datacontenttype: str = DATA_CONTENT_TYPE
    data: dict[str, Any]

    def encode(self) -> bytes:
        """The structured JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read structured JSON. Raises NotAnEvent, which never repeats the content."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            where = sorted({".".join(str(part) for part in each["loc"]) or "body" for each in error.errors()})
            raise NotAnEvent(f"not a CloudEvent of ours: {', '.join(where)}") from error


_FIELDS = TypeAdapter(dict[str, Any])


@dataclass(frozen=True)
class Outgoing:
    """An event before the outbox has numbered it."""

    subject: str
    office: str
    at: datetime
    data: EventData
    ordered: bool = True

    def encode(self, *, event_id: str, source: str, sequence: int, traceparent: str) -> bytes:
        """The structured JSON, which `Event.decode` reads.

        Every field comes from typed code of ours: making an `Event` of them and dumping it costs four times this.
        """
        return _FIELDS.dump_json(
            {
                "specversion": SPECVERSION,
                "id": event_id,
                "source": source,
                "type": self.data.event_type,
                "subject": self.subject,
                "time": self.at,
                "sequence": sequence,
                "office": self.office,
                "traceparent": traceparent,
                "datacontenttype": DATA_CONTENT_TYPE,
                "data": self.data,
            }
        )
