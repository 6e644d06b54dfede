"""What stands between the offices and the centre's app: the listener, the open connections, the fault in force."""

import itertools

import structlog

from services.central_mock.faults.domain import Fault, Mode
from services.central_mock.faults.listener import Listener
from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.journal.journal import Journal
from shared.clock import Clock

log = structlog.get_logger()


class Front:
    """Puts a fault on the socket and takes it off again. One fault at a time; a new one takes the old one's place."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self.clock = clock
        self.journal = journal
        self.fault: Fault | None = None
        self.listener: Listener | None = None
        self.connections: set[FaultedProtocol] = set()
        self._numbers = itertools.count(1)

    @property
    def hangs(self) -> bool:
        """Whether the centre plays dead on open connections."""
        return self.fault is not None and self.fault.mode is Mode.HANG

    def joined(self, connection: FaultedProtocol) -> None:
        """A client has connected."""
        connection.number = next(self._numbers)
        self.connections.add(connection)

    def left(self, connection: FaultedProtocol) -> None:
        """A connection is gone, whoever ended it."""
        self.connections.discard(connection)

    async def apply(self, fault: Fault) -> None:
        """Put a fault in force, for open connections too."""
        replaced, self.fault = self.fault, fault
        if replaced is not None:
            self._release()
        for connection in list(self.connections):
            if fault.mode in {Mode.REFUSE, Mode.RESET}:
                connection.wire.reset(fault.mode)
            elif fault.mode is Mode.HANG and connection.busy:
                connection.wire.silence(fault.mode)
        if self.listener is not None:
            if fault.mode is Mode.REFUSE:
                self.listener.close()
            else:
                await self.listener.open()

    async def lift(self) -> None:
        """Be there again. Raises OSError when another process took the port meanwhile."""
        self.fault = None
        self._release()
        if self.listener is not None:
            await self.listener.open()

    def _release(self) -> None:
        """End the connections that a fault has spoiled: their clients wait for answers that will not come."""
        for connection in list(self.connections):
            if connection.wire.fault is not None:
                connection.wire.drop()

    def close(self) -> None:
        """The service stops: nobody is waited for who waits for nothing."""
        if self.listener is not None:
            self.listener.end()
        self._release()
