"""What stands between the offices and the centre's app: the listener, the open connections, the rules for both."""

import asyncio
from collections.abc import Iterable

from services.central_mock.faults.listener import Listener
from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.faults.rules.index import RuleIndex
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.ruling import Fired
from services.central_mock.faults.specs import Kind
from services.central_mock.journal.journal import Journal
from shared.clock import SystemClock

NAMED = 20
"""Rules that a header names; it says how many more there are."""


class Front:
    """Keeps the socket in step with the rules. Requests ask the index themselves."""

    def __init__(self, clock: SystemClock, journal: Journal) -> None:
        self.clock = clock
        self.journal = journal
        self.index: RuleIndex | None = None
        self.banner: bytes | None = None
        """The names of the rules that are on, as the centre's own answers say them."""
        self.kinds = b""
        """The kinds of their faults."""
        self.listener: Listener | None = None
        self.connections: set[FaultedProtocol] = set()
        self.whole: LiveRule | None = None
        """The rule that is done to all connections: REFUSE or HANG."""
        self.resets: LiveRule | None = None
        """The RESET that meets every request, so that it need not wait for one to be whole."""
        self.news = asyncio.Event()
        """Set when the rules change, and replaced."""
        self._numbers: frozenset[int] = frozenset()

    @property
    def hangs(self) -> bool:
        """Whether the centre plays dead on open connections."""
        return self.whole is not None and self.whole.rule.fault.kind is Kind.HANG

    @property
    def refuses(self) -> bool:
        """Whether nobody is to listen."""
        return self.whole is not None and self.whole.rule.fault.kind is Kind.REFUSE

    @property
    def is_settled(self) -> bool:
        """Whether the listener does what the rules say."""
        return self.listener is None or self.listener.is_open != self.refuses

    def is_on(self, fired: Fired) -> bool:
        """Whether the rule that was drawn is still in force."""
        return fired.number in self._numbers

    def joined(self, connection: FaultedProtocol) -> None:
        """A client has connected; one that was in the doorway when the rule came is reset like the others."""
        self.connections.add(connection)
        if self.refuses and self.whole is not None and self.index is not None:
            connection.cut(self.index.fired_on(self.whole, connection.number))

    def left(self, connection: FaultedProtocol) -> None:
        """A connection is gone, whoever ended it."""
        self.connections.discard(connection)

    async def take(self, index: RuleIndex | None) -> None:
        """Bring the socket in step with the rules. Raises OSError when another process took the port meanwhile."""
        lives = index.rules if index else []
        before = {self.whole, self.resets}
        self.index = index
        self.banner = _listed(each.rule.name for each in lives) if lives else None
        self.kinds = _listed(dict.fromkeys(each.rule.fault.kind.value for each in lives))
        self.whole = _first(lives, (Kind.REFUSE, Kind.HANG))
        self.resets = _reset_of_all(lives)
        gone = self._numbers - {each.rule.number for each in lives}
        new = {each.rule.number for each in lives} - self._numbers
        self._numbers = frozenset(each.rule.number for each in lives)
        news, self.news = self.news, asyncio.Event()
        news.set()
        for connection in list(self.connections):
            connection.let_go(gone)
            connection.mark(self.banner)
        if self.whole not in before:
            self._put_on_all(self.whole)
        if self.resets not in before:
            self._put_on_all(self.resets)
        self._cut_idle(each for each in lives if each.rule.number in new)
        await self._listen()

    def _put_on_all(self, live: LiveRule | None) -> None:
        if live is None or self.index is None:
            return
        for connection in list(self.connections):
            if live.rule.fault.kind is not Kind.HANG:
                connection.cut(self.index.fired_on(live, connection.number))
            elif connection.busy:
                connection.silence(self.index.fired_on(live, connection.number))

    def _cut_idle(self, lives: Iterable[LiveRule]) -> None:
        """A firewall that forgets idle connections forgets those that are idle already."""
        for live in lives:
            if live.rule.fault.kind is Kind.KEEP_ALIVE_CUT and live.rule.unconditional and self.index:
                for connection in self.connections:
                    connection.idle_under(self.index.ruling_on(live, connection.number))

    async def _listen(self) -> None:
        if self.listener is not None:
            if self.refuses:
                await self.listener.close()
            else:
                await self.listener.open()

    async def open(self, listener: Listener) -> None:
        """The service starts: listen, unless a rule that outlived a restart says not to."""
        self.listener = listener
        await self._listen()

    def close(self) -> None:
        """The service stops: nobody is waited for who waits for nothing."""
        if self.listener is not None:
            self.listener.end()
        for connection in list(self.connections):
            connection.let_go(self._numbers)


def _listed(names: Iterable[str]) -> bytes:
    """For a header, which must not grow without end."""
    listed = list(names)
    more = [f"and {len(listed) - NAMED} more"] if len(listed) > NAMED else []
    return ", ".join([*listed[:NAMED], *more]).encode()


def _first(lives: Iterable[LiveRule], kinds: tuple[Kind, ...]) -> LiveRule | None:
    return next((each for each in lives if each.rule.fault.kind in kinds), None)


def _reset_of_all(lives: Iterable[LiveRule]) -> LiveRule | None:
    """The RESET that acts on every request, if none of its stage goes before it."""
    first = next((each for each in lives if each.ends_request), None)
    if first is not None and first.rule.fault.kind is Kind.RESET and first.rule.unconditional:
        return first
    return None
