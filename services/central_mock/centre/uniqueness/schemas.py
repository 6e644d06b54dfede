"""The policy of the uniqueness check as ops set it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.central_mock.centre.uniqueness.domain import drawn
from shared.contracts.central import RecordKey

Seconds = Annotated[float, Field(ge=0, le=7 * 86_400)]


class UniquenessPolicy(BaseModel):
    """How long the check takes and which records an expert must see. Seconds are the clock's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_seconds: Seconds = 30.0
    """Between a record's arrival and its decision; holds for what waits already, too."""
    adjudicate_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    adjudicate_keys: Annotated[frozenset[RecordKey], Field(max_length=10_000)] = frozenset()
    adjudication_seconds: Seconds = 60.0
    """Between ADJUDICATE_RECORD and the expert's decision."""
    paused: bool = False
    """The check decides nothing while true, as in December 2016; records are still accepted."""

    def needs_expert(self, key: str) -> bool:
        """Whether an expert must see this record."""
        return key in self.adjudicate_keys or drawn(key, self.adjudicate_share)
