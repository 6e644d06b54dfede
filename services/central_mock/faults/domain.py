"""The ways in which `offline` can take the whole centre away."""

from enum import StrEnum

from services.central_mock.faults.specs import Kind


class Mode(StrEnum):
    """What an office's client meets. All are kinds of faults that need no settings; there are more under `faults`."""

    REFUSE = Kind.REFUSE.value
    """Nobody listens: connection refused; open connections are reset."""
    HANG = Kind.HANG.value
    """Connections are taken, requests are read, no answer ever comes, not to those in flight either."""
    BLACK_HOLE = Kind.BLACK_HOLE.value
    """Connections are dead from their next request on."""
    RESET = Kind.RESET.value
    """Connections are taken and reset when a request comes."""
    HTTP_503 = Kind.HTTP_503.value
    """A front answers 503 with Retry-After."""
    CAPTIVE_PORTAL = Kind.CAPTIVE_PORTAL.value
    """A portal answers 200 and a login page."""
    REDIRECT = Kind.REDIRECT.value
    """A portal sends everybody elsewhere."""
    UNAUTHORIZED = Kind.UNAUTHORIZED.value
    """Nobody is known any more: 401."""


OFFLINE_PRIORITY = 1000
"""Whatever else is on, this is what the centre's clients meet."""
