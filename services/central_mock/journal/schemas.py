"""What clients believe, what the centre holds, and the journal as it is shown."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.central_mock.journal.behaviour import Behaviour
from shared.contracts.central import RecordKey, Sha256
from shared.contracts.offices import OfficeCode


class BelievedRecord(BaseModel):
    """A record of which a client was told that it is at the centre; the hash where the client knows it."""

    model_config = ConfigDict(extra="forbid")

    key: RecordKey
    sha256: Sha256 | None = None
    office: OfficeCode | None = None


class Order(StrEnum):
    """In which order an office's records should have taken effect."""

    CAPTURED = "CAPTURED"
    LISTED = "LISTED"
    """As the client's own list says, office by office."""


class ClientWindow(BaseModel):
    """Which requests say how the client behaved: all that the journal has, unless bounds are set."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    together: bool = False
    """All offices are one client's."""
    moment: Annotated[float, Field(gt=0, le=600)] | None = None
    """Seconds of the clock within which two things happen at once; 0.1 times the clock's speed."""


class VerifyRequest(BaseModel):
    """The whole belief, and what it is about: only records of the office and time named can be unexpected."""

    model_config = ConfigDict(extra="forbid")

    records: Annotated[list[BelievedRecord], Field(max_length=1_000_000)] = []
    keys: Annotated[list[RecordKey], Field(max_length=1_000_000)] = []
    """Short for records of which the client knows the key only."""
    office: OfficeCode | None = None
    since: AwareDatetime | None = None
    """Captured at or after."""
    until: AwareDatetime | None = None
    """Captured before."""
    order: Order = Order.CAPTURED
    order_tolerance: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """Seconds of the clock: records that took effect no further apart are in order."""
    client: ClientWindow | None = ClientWindow()
    """Null spares the look at how the client behaved."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [each.key for each in self.believed()]
        if len(set(keys)) != len(keys):
            raise ValueError("a key is listed twice")
        return self

    def believed(self) -> list[BelievedRecord]:
        """Both lists as one."""
        return [*self.records, *(BelievedRecord(key=key) for key in self.keys)]


class Verification(BaseModel):
    """The difference between belief and fact. `ok` when there is none."""

    ok: bool
    expected: int
    """How many records the client believes are here."""
    at_centre: int
    """How many of those are."""
    lost: list[str]
    """Believed, and not here."""
    duplicated: list[str]
    """Took effect more than once."""
    unexpected: list[str]
    """Here, in the named office and time, and not believed."""
    mismatched: list[str]
    """Here with other bytes, or for another office, than believed."""
    recovered: list[str]
    """Here, though an attempt failed by a fault or got no answer: what store-and-forward saved."""
    reordered: list[str]
    """Overtaken: a record of the same office that should have come later took effect earlier. Not wrong, so not in
    `ok`: several at once overtake each other, and small records go first on a thin line."""
    client: Behaviour | None = None
    """How the client behaved; null if it was not asked."""


class JournalPage(BaseModel):
    """Entries after a cursor, oldest first."""

    items: list[dict[str, Any]]
    next_cursor: str | None
