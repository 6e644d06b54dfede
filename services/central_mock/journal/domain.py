"""One request as the centre lived it: received, applied and acknowledged are three different things."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

_NIK = re.compile(r"/central/v1/residents/[^/]+$")
_KEY = re.compile(r"/central/v1/records/[^/]+$")


class Outcome(StrEnum):
    """What became of a record that arrived."""

    ACCEPTED = "ACCEPTED"
    REPLAYED = "REPLAYED"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"
    NOT_WHOLE = "NOT_WHOLE"


@dataclass(slots=True)
class Entry:
    """What is known of a request; filled in while it runs."""

    id: int
    at: datetime
    connection: int
    method: str
    route: str
    key: str | None = None
    office: str | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    status: int | None = None
    outcome: Outcome | None = None
    applied: bool = False
    """The record took effect by this request."""
    acknowledged: bool = False
    """The whole answer was handed to the socket."""
    fault: str | None = None
    """The fault that acted on it."""
    finished: bool = False

    def public(self) -> dict[str, Any]:
        """As it is shown and exported."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "connection": self.connection,
            "method": self.method,
            "route": self.route,
            "key": self.key,
            "office": self.office,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "status": self.status,
            "outcome": self.outcome,
            "applied": self.applied,
            "acknowledged": self.acknowledged,
            "fault": self.fault,
            "finished": self.finished,
        }


def route_of(path: str) -> str:
    """The path without the NIK or key that it may hold."""
    if path.count("/") < 4:  # most are, and patterns cost more than all the rest of an entry
        return path
    return _KEY.sub("/central/v1/records/{key}", _NIK.sub("/central/v1/residents/{nik}", path))
