"""What clients send about outages and what they get back."""

from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.queue_api.outages.models import Outage
from shared.contracts.offices import ServiceType
from shared.contracts.queue import Hop


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutageNews(_Request):
    """What is known of the restoration; a field that is left out stays, null takes it back."""

    expected_restoration: AwareDatetime | None = None
    source: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    next_update_by: AwareDatetime | None = None
    note: Annotated[str, Field(max_length=500)] | None = None


class OutageReport(OutageNews):
    """An outage noted by hand, like the power."""

    hop: Hop
    since: AwareDatetime | None = None
    """Now, when left out."""
    services: Annotated[list[ServiceType], Field(min_length=1)] | None = None
    """The service steps it stops; by the office's policy when left out."""


class OutageView(BaseModel):
    """One outage: which hop, since when, what it stops, and what is known of its end."""

    id: str
    office: str
    hop: Hop
    since: AwareDatetime
    until: AwareDatetime | None
    services: list[ServiceType]
    """The service steps it stops, or would stop under today's policy."""
    by: str
    expected_restoration: AwareDatetime | None
    source: str | None
    next_update_by: AwareDatetime | None
    note: str | None

    @classmethod
    def of(cls, outage: Outage, services: set[ServiceType]) -> Self:
        """The stored outage with what it stops."""
        return cls(**outage.model_dump(exclude={"steps"}), services=sorted(services), by=outage.opened_by)
