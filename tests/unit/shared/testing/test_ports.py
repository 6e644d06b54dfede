"""Tests that run side by side get different ports, also before anybody listens on them."""

import subprocess
import sys

import pytest

from shared.testing import ports
from shared.testing.ports import free_port, free_ports, reserve

TRIES = "import sys; from shared.testing.ports import reserve; print(reserve(int(sys.argv[1])))"
DRAWS = "from shared.testing.ports import free_port; print(free_port())"


def test_no_other_process_gets_a_port_that_was_drawn_here() -> None:
    assert _printed(TRIES, str(free_port())) == "False"


def test_a_port_is_free_again_once_the_process_that_drew_it_has_ended() -> None:
    assert reserve(int(_printed(DRAWS)))


def test_no_port_is_drawn_twice() -> None:
    drawn = free_ports(50) + free_ports(50)
    assert len(set(drawn)) == 100
    assert not any(map(reserve, drawn))


def test_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    last = free_port()
    monkeypatch.setattr(ports, "LOWEST", last)
    monkeypatch.setattr(ports, "HIGHEST", last)
    with pytest.raises(OSError, match="Every port"):
        free_port()


def _printed(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
