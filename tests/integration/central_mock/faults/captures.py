"""Every fault at the socket and in HTTP: how it is set here, and what the wire shows for one record that is sent.

The documentation's table is held against this; the capture itself holds this against the running centre.
"""

from dataclasses import dataclass, field
from typing import Any

from services.central_mock.faults.specs import Kind


@dataclass(frozen=True)
class Capture:
    """One fault, tried."""

    kind: Kind
    shows: str
    """The sentence that the capture comes to."""
    at_centre: bool
    """Whether the record is at the centre when the fault is over."""
    settings: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    """Whether no byte comes and no end: that is the only thing that takes waiting to see."""
    ends: bool = False
    """Whether the connection ends."""
    again: bool = False
    """Whether it shows on the second request over a connection."""
    slower_than: float = 0.0
    """Seconds from the request to the last byte, at the least."""

    @property
    def fault(self) -> dict[str, Any]:
        return {"kind": self.kind.value, **self.settings}

    @property
    def id(self) -> str:
        return "-".join([self.kind.value, *(str(each) for each in self.settings.values())])


WHOLE = "201, Content-Length true, JSON, connection stays open"

CAPTURES = [
    Capture(Kind.REFUSE, "connection refused", at_centre=False),
    Capture(Kind.HANG, "no byte, connection stays open", at_centre=False, silent=True),
    Capture(Kind.BLACK_HOLE, "no byte, connection stays open", at_centre=False, silent=True),
    Capture(Kind.RESET, "no byte, then RST", at_centre=False, ends=True),
    Capture(
        Kind.RESET_MID_ANSWER,
        "the first 40 bytes of a head, then RST",
        at_centre=True,
        settings={"after_bytes": 40},
        ends=True,
    ),
    Capture(Kind.RESET_AFTER_ANSWER, "201, Content-Length true, JSON, then RST", at_centre=True, ends=True),
    Capture(Kind.HALF_CLOSE, "no byte, then FIN", at_centre=True, ends=True),
    Capture(
        Kind.HALF_CLOSE,
        "the first 17 bytes of a head, then FIN",
        at_centre=True,
        settings={"after_bytes": 17},
        ends=True,
    ),
    Capture(Kind.DRIP, WHOLE, at_centre=True, settings={"bytes_per_second": 2000}, slower_than=0.2),
    Capture(Kind.BANDWIDTH, WHOLE, at_centre=True, settings={"bytes_in_per_second": 5000}, slower_than=0.2),
    Capture(Kind.BANDWIDTH, WHOLE, at_centre=True, settings={"bytes_out_per_second": 2000}, slower_than=0.2),
    Capture(Kind.LATENCY, WHOLE, at_centre=True, settings={"seconds": 0.3}, slower_than=0.3),
    Capture(Kind.KEEP_ALIVE_CUT, "no byte, then RST", at_centre=True, ends=True, again=True),
    Capture(
        Kind.HTTP_503,
        "503, Retry-After: 30, Content-Length true, JSON, connection stays open",
        at_centre=False,
    ),
    Capture(
        Kind.STATUS,
        "500, Content-Length true, JSON, connection stays open",
        at_centre=False,
        settings={"status": 500},
    ),
    Capture(
        Kind.STATUS,
        "429, Retry-After: 7, Content-Length true, JSON, connection stays open",
        at_centre=False,
        settings={"status": 429, "retry_after": 7, "retry_after_form": "SECONDS"},
    ),
    Capture(
        Kind.STATUS,
        "503, Retry-After: a date, Content-Length true, no body, connection stays open",
        at_centre=False,
        settings={"status": 503, "retry_after": 7, "retry_after_form": "DATE", "body": "EMPTY"},
    ),
    Capture(
        Kind.STATUS,
        "502, Retry-After: in a while, Content-Length true, HTML, connection stays open",
        at_centre=False,
        settings={"status": 502, "retry_after_form": "GARBAGE", "body": "HTML"},
    ),
    Capture(
        Kind.STATUS,
        "204, no Content-Length, no body, connection stays open",
        at_centre=False,
        settings={"status": 204},
    ),
    Capture(Kind.EMPTY_BODY, "201, Content-Length true, no body, connection stays open", at_centre=True),
    Capture(
        Kind.MALFORMED_JSON,
        "201, Content-Length true, broken JSON, connection stays open",
        at_centre=True,
    ),
    Capture(
        Kind.TRUNCATED,
        "201, Content-Length half too many, broken JSON, then FIN",
        at_centre=True,
        settings={"share": 0.5},
        ends=True,
    ),
    Capture(
        Kind.TRUNCATED,
        "201, no Content-Length, broken JSON, then FIN",
        at_centre=True,
        settings={"share": 0.5, "content_length": False},
        ends=True,
    ),
    Capture(
        Kind.WRONG_CONTENT_LENGTH,
        "201, Content-Length 10 too many, JSON, connection stays open",
        at_centre=True,
        settings={"off_by": 10},
    ),
    Capture(
        Kind.WRONG_CONTENT_LENGTH,
        "201, Content-Length 10 too few, JSON, connection stays open",
        at_centre=True,
        settings={"off_by": -10},
    ),
    Capture(Kind.CAPTIVE_PORTAL, "200, Content-Length true, HTML, connection stays open", at_centre=False),
    Capture(
        Kind.REDIRECT,
        "302, Location: http://portal.invalid/login, Content-Length true, no body, connection stays open",
        at_centre=False,
    ),
    Capture(
        Kind.UNAUTHORIZED,
        "401, WWW-Authenticate: Bearer, Content-Length true, JSON, connection stays open",
        at_centre=False,
    ),
    Capture(
        Kind.OVERSIZE,
        "201, Content-Length true, JSON and 1000000 spaces, connection stays open",
        at_centre=True,
        settings={"body_bytes": 1_000_000},
    ),
    Capture(
        Kind.QUOTA,
        "429, Retry-After: the rest of the window, Content-Length true, JSON, connection stays open",
        at_centre=False,
        settings={"requests": 0, "window_seconds": 60},
    ),
    Capture(
        Kind.SLOW_START,
        "503, Retry-After: 5, Content-Length true, JSON, connection stays open",
        at_centre=True,
        settings={"from_rate": 0.001, "to_rate": 1},
        again=True,
    ),
]
