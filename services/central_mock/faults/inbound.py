"""A request that is read slowly, as over a thin link: its body reaches the centre at a rate."""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from services.central_mock.faults.pace import Pacer
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.specs.socket import Bandwidth
from services.central_mock.faults.wire import Wire


def slow_in(ruling: Ruling) -> Fired | None:
    """The rule that slows this request's body, if one does."""
    return next((each for each in ruling.drawn if "PACE_IN" in each.slots), None)


class SlowBody:
    """Stands between the parser and the request, which gets its body in portions."""

    def __init__(self, fired: Fired, *, cycle: RequestResponseCycle, wire: Wire) -> None:
        assert isinstance(fired.spec, Bandwidth) and fired.spec.bytes_in_per_second is not None
        self._cycle = cycle
        self._wire = wire
        self.pacer = Pacer(fired.spec.bytes_in_per_second, fired.number, self._pass_on)
        self.pacer.on_full(self._pause)

    def put(self, body: bytes) -> None:
        """A part of the body came."""
        if not self._cycle.response_complete:
            self.pacer.put(body)

    def complete(self) -> None:
        """No more comes."""
        self.pacer.when_empty(self._end)

    def drop(self) -> None:
        """The client is gone."""
        self.pacer.drop()

    def _pass_on(self, part: bytes) -> None:
        self._cycle.body += part
        self._cycle.message_event.set()

    def _end(self) -> None:
        self._cycle.more_body = False
        self._cycle.message_event.set()

    def _pause(self, full: bool) -> None:
        if full:
            self._wire.hold_reading()
        else:
            self._wire.release_reading()
