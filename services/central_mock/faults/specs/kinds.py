"""The names of all faults, and the order in which they act on one request."""

from enum import IntEnum, StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What a client of the centre meets."""

    # The socket
    REFUSE = "REFUSE"
    HANG = "HANG"
    BLACK_HOLE = "BLACK_HOLE"
    RESET = "RESET"
    RESET_MID_ANSWER = "RESET_MID_ANSWER"
    RESET_AFTER_ANSWER = "RESET_AFTER_ANSWER"
    HALF_CLOSE = "HALF_CLOSE"
    DRIP = "DRIP"
    BANDWIDTH = "BANDWIDTH"
    LATENCY = "LATENCY"
    KEEP_ALIVE_CUT = "KEEP_ALIVE_CUT"
    # HTTP
    HTTP_503 = "HTTP_503"
    STATUS = "STATUS"
    EMPTY_BODY = "EMPTY_BODY"
    MALFORMED_JSON = "MALFORMED_JSON"
    TRUNCATED = "TRUNCATED"
    WRONG_CONTENT_LENGTH = "WRONG_CONTENT_LENGTH"
    CAPTIVE_PORTAL = "CAPTIVE_PORTAL"
    REDIRECT = "REDIRECT"
    UNAUTHORIZED = "UNAUTHORIZED"
    OVERSIZE = "OVERSIZE"
    QUOTA = "QUOTA"
    SLOW_START = "SLOW_START"
    # Meaning
    ANSWER_LOST = "ANSWER_LOST"
    FORGOTTEN = "FORGOTTEN"
    APPLIED_TWICE = "APPLIED_TWICE"
    RESULT_LATE = "RESULT_LATE"
    RESULT_OUT_OF_ORDER = "RESULT_OUT_OF_ORDER"
    RESULT_TWICE = "RESULT_TWICE"
    RESULT_NEVER = "RESULT_NEVER"
    RESULT_OF_ANOTHER = "RESULT_OF_ANOTHER"
    BATCH_HALF_DONE = "BATCH_HALF_DONE"
    CORRUPT_RECEIPT = "CORRUPT_RECEIPT"
    CLOCK_SKEW = "CLOCK_SKEW"
    KEYS_FORGOTTEN = "KEYS_FORGOTTEN"
    OLD_BACKUP = "OLD_BACKUP"
    STALE_READ = "STALE_READ"
    CHECK_OVERLOADED = "CHECK_OVERLOADED"


class Stage(IntEnum):
    """Where in a request's life a fault acts, in this order. Of one stage only the first rule that fires acts."""

    CONNECTION = 1
    """On the listener or the connection, before a request is known."""
    DELAY = 2
    """Before the request is looked at. Delays of several rules add up."""
    INSTEAD = 3
    """The request never reaches the centre: it is cut, swallowed or answered by something in front."""
    MEANING = 4
    """The centre does something else than it says. Different kinds act together."""
    ANSWER = 5
    """The centre did its work and its answer is spoiled on the way out."""
    PACE = 6
    """The bytes of the answer (and of the request, where it says so) go slowly."""


class Spec(BaseModel):
    """What all faults have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    stage: ClassVar[Stage]
    leaves_whole: ClassVar[bool] = False
    """Of one that spoils answers: whether the client is left with the answer that the centre gave."""
