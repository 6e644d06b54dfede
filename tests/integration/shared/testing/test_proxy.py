"""Each fault of a hop as a raw socket sees it, and the count that says it acted."""

import socket
import time
from collections.abc import Iterator

import pytest

from shared.testing.ports import free_port
from shared.testing.proxy import (
    Cut,
    Direction,
    Fault,
    Hop,
    LoseAnswers,
    Network,
    ResetAfter,
    Slow,
    Stall,
    Swallow,
    Unanswered,
)
from shared.testing.waiting import wait_until
from tests.integration.shared.testing.upstream import Upstream, running_upstream

REQUESTS, ANSWERS = (Direction.REQUESTS,), (Direction.ANSWERS,)
SOON = 0.15
"""A silence is believed after this many seconds; what is expected is waited for longer."""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(seed=7) as made:
        yield made


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running_upstream() as server:
        yield server


@pytest.fixture
def hop(network: Network, upstream: Upstream) -> Iterator[Hop]:
    made = network.hop("client→server", upstream.port)
    yield made
    made.close()


def connect(hop: Hop, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", hop.port), timeout=timeout)


def ask(line: socket.socket, text: bytes = b"hello") -> bytes:
    line.sendall(text)
    answer = b""
    while len(answer) < len(text):
        data = line.recv(65536)
        if not data:
            break
        answer += data
    return answer


def hears_nothing(line: socket.socket) -> bool:
    line.settimeout(SOON)
    try:
        line.recv(1)
    except TimeoutError:
        line.settimeout(5.0)
        return True
    return False


def test_a_whole_way_carries_bytes_and_counts_them(hop: Hop) -> None:
    big = b"x" * 1_000_000
    with connect(hop) as line:
        assert ask(line) == b"HELLO"
    with connect(hop) as line:
        line.sendall(b"bye")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b"BYE"
        assert line.recv(10) == b"", "a half-closed connection ends in order"
    with connect(hop) as line:
        line.settimeout(5)
        sent = 0
        got = 0
        while sent < len(big):
            sent += line.send(big[sent : sent + 50_000])
            got += len(line.recv(1_000_000))
        while got < len(big):
            got += len(line.recv(1_000_000))
    wait_until(lambda: hop.counts.open == 0)
    assert hop.counts.connections == 3
    assert hop.counts.carried[Direction.REQUESTS] == hop.counts.carried[Direction.ANSWERS] == 8 + len(big)
    assert not hop.counts.acted


def test_a_cut_resets_what_is_open_refuses_what_is_new_and_keeps_the_port(hop: Hop) -> None:
    port = hop.port
    with connect(hop) as line:
        ask(line)
        with hop.broken(Cut()):
            with pytest.raises(ConnectionResetError):
                line.recv(1)
            with pytest.raises(ConnectionRefusedError):
                connect(hop)
            with socket.socket() as thief:
                thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with pytest.raises(OSError, match="in use"):
                    thief.bind(("127.0.0.1", port))
        assert hop.counts.acted["Cut"] == 1
    with connect(hop) as line:
        assert ask(line) == b"HELLO"


def test_who_connects_can_be_left_without_any_answer_while_what_is_open_goes_on(hop: Hop) -> None:
    with connect(hop) as before:
        with hop.broken(Unanswered()):
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    socket.create_connection(("127.0.0.1", hop.port), timeout=0.1)
            assert ask(before)
            assert hop.counts.acted["Unanswered"] == 3, "told while it lasts"
        with connect(hop) as after:
            assert ask(after)


def test_a_cut_ends_the_silence_with_a_refusal(hop: Hop) -> None:
    hop.cause(Unanswered())
    hop.cause(Cut())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", hop.port), timeout=1)
    hop.heal()
    with connect(hop) as after:
        assert ask(after)


def test_a_stall_holds_bytes_and_lets_them_go(hop: Hop, upstream: Upstream) -> None:
    with connect(hop) as line:
        ask(line)
        with hop.broken(Stall()):
            line.sendall(b"later")
            assert hears_nothing(line)
            assert upstream.received == b"hello"
            assert hop.counts.acted["Stall"] == 1
        assert line.recv(10) == b"LATER"


def test_a_stall_is_felt_by_the_sender(hop: Hop) -> None:
    with (
        connect(hop, timeout=0.3) as line,
        hop.broken(Stall(directions=REQUESTS)),
        pytest.raises(TimeoutError),
    ):
        line.sendall(b"x" * 100_000_000)


def test_one_direction_can_stall_alone(hop: Hop, upstream: Upstream) -> None:
    with connect(hop) as line, hop.broken(Stall(directions=ANSWERS)):
        line.sendall(b"arrives")
        wait_until(lambda: upstream.received == b"arrives")
        assert hears_nothing(line)
        hop.heal()
        assert line.recv(10) == b"ARRIVES"


def test_a_slow_line_takes_its_time_and_healing_is_felt_at_once(hop: Hop) -> None:
    with connect(hop) as line:
        with hop.broken(Slow(latency=0.1, directions=REQUESTS)):
            started = time.monotonic()
            ask(line)
            assert time.monotonic() - started >= 0.1
        with hop.broken(Slow(bytes_per_second=10_000, directions=REQUESTS)):
            started = time.monotonic()
            ask(line, b"x" * 2_000)
            assert 0.15 <= time.monotonic() - started < 2.0
        hop.cause(Slow(bytes_per_second=10, directions=REQUESTS))
        line.sendall(b"x" * 1_000)
        wait_until(lambda: hop.counts.acted["Slow"] == 3)
        hop.heal(Slow)
        wait_until(lambda: line.recv(2_000) != b"", within=2.0)
    assert hop.counts.acted["Slow"] == 3


def test_a_slow_line_is_shared(hop: Hop) -> None:
    with (
        connect(hop) as one,
        connect(hop) as other,
        hop.broken(Slow(bytes_per_second=10_000, directions=REQUESTS)),
    ):
        started = time.monotonic()
        one.sendall(b"x" * 1_000)
        other.sendall(b"x" * 1_000)
        assert one.recv(1) and other.recv(1)
        while hop.counts.carried[Direction.REQUESTS] < 2_000:
            one.settimeout(0.01)
            try:
                one.recv(1_000)
            except TimeoutError:
                continue
        assert time.monotonic() - started >= 0.15


def test_lost_answers_leave_the_request_done_and_the_client_in_doubt(hop: Hop, upstream: Upstream) -> None:
    hop.cause(LoseAnswers(times=1))
    with connect(hop) as line:
        line.sendall(b"record")
        with pytest.raises(ConnectionResetError):
            line.recv(10)
    assert upstream.received == b"record"
    assert hop.counts.acted["LoseAnswers"] == 1
    with connect(hop) as line:
        assert ask(line, b"again") == b"AGAIN", "it was to act once"


def test_swallowed_bytes_are_gone_and_their_connection_ends_with_the_fault(
    hop: Hop, upstream: Upstream
) -> None:
    with connect(hop) as line, connect(hop) as bystander:
        ask(bystander)
        with hop.broken(Swallow(directions=REQUESTS)):
            line.sendall(b"into the void")
            assert hears_nothing(line)
        with pytest.raises(ConnectionResetError):
            line.recv(1)
        assert ask(bystander) == b"HELLO", "it lost nothing"
    assert b"void" not in upstream.received
    assert hop.counts.acted["Swallow"] == 1


def test_a_request_can_break_off_in_the_middle(hop: Hop, upstream: Upstream) -> None:
    hop.cause(ResetAfter(carried=4, directions=REQUESTS))
    with connect(hop) as line:
        line.sendall(b"longword")
        wait_until(lambda: upstream.received == b"long")
    assert hop.counts.acted["ResetAfter"] == 1


def test_an_answer_can_break_off_in_the_middle(hop: Hop, upstream: Upstream) -> None:
    hop.cause(ResetAfter(carried=4, directions=ANSWERS))
    with connect(hop) as line:
        line.sendall(b"longword")
        assert line.recv(10) == b"LONG"
        with pytest.raises(ConnectionResetError):
            line.recv(10)
    assert hop.counts.acted["ResetAfter"] == 1


def test_every_open_connection_can_be_reset_now(hop: Hop) -> None:
    lines = [connect(hop) for _ in range(3)]
    for line in lines:
        ask(line)
    assert hop.reset() == 3
    for line in lines:
        with line, pytest.raises(ConnectionResetError):
            line.recv(1)
    with connect(hop) as line:
        assert ask(line) == b"HELLO"


def test_a_share_of_the_connections_is_befallen_and_the_seed_says_which(upstream: Upstream) -> None:
    def befallen(seed: int) -> list[bool]:
        with Network(seed=seed) as network:
            hop = network.hop("x", upstream.port)
            hop.cause(LoseAnswers(share=0.5))
            return [_resets(hop) for _ in range(12)]

    first = befallen(3)
    assert set(first) == {True, False}
    assert befallen(3) == first
    assert befallen(4) != first


def _resets(hop: Hop) -> bool:
    with connect(hop) as line:
        try:
            ask(line)
        except ConnectionResetError:
            return True
        return False


def test_nobody_behind_the_proxy_is_a_reset_and_counted(network: Network) -> None:
    hop = network.hop("nowhere", free_port())
    with pytest.raises(ConnectionResetError), connect(hop) as line:
        line.recv(1)
    assert hop.counts.unreachable == 1
    hop.close()


def test_faults_stand_side_by_side_and_heal_one_by_one(hop: Hop) -> None:
    on: list[Fault] = [Slow(latency=0.01), Stall()]
    for fault in on:
        hop.cause(fault)
    assert hop.faults == on
    hop.heal(Stall)
    assert hop.faults == [on[0]]
    with connect(hop) as line:
        assert ask(line) == b"HELLO"


def test_a_thousand_connections_pass_and_leave_nothing_behind(hop: Hop) -> None:
    for _ in range(10):
        lines = [connect(hop) for _ in range(100)]
        for line in lines:
            line.sendall(b"x")
        for line in lines:
            assert line.recv(1) == b"X"
            line.close()
    wait_until(lambda: hop.counts.open == 0)
    assert hop.counts.connections == 1_000
