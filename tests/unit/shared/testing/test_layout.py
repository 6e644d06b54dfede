"""What each process of a trio is told: its own ports, its own proxies, nothing of the shell's own trio."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.testing.databases import SqliteFile
from shared.testing.layout import Layout
from shared.testing.plan import KINDS, process_names
from shared.testing.process import Process
from shared.testing.proxy import Network
from shared.testing.timeline import Timeline


async def ready(_name: str) -> bool:
    return True


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture
def processes(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Process]:
    monkeypatch.setenv("CENTRAL_URL", "http://somewhere.else")
    monkeypatch.setenv("EKTP_HOME", "/somewhere/else")
    timeline = Timeline()
    layout = Layout(
        home=tmp_path,
        keys=tmp_path / "keys",
        network=network,
        timeline=timeline,
        databases={name: SqliteFile(tmp_path / f"{name}.db", timeline, name) for name in KINDS},
        broker=None,
        settings={"LOG_LEVEL": "DEBUG", "PYTHONUNBUFFERED": ""},
        control_port=18013,
    )
    return layout.processes(2, ready)


def test_replicas_are_named_after_the_first(processes: dict[str, Process]) -> None:
    assert set(processes) == {"queue", "enrolment", "centre", "queue-2", "enrolment-2"}
    assert process_names(1) == ["queue", "enrolment", "centre"]


def test_every_way_has_a_proxy_of_its_own(processes: dict[str, Process], network: Network) -> None:
    assert set(network.hops) == {
        "clients→queue",
        "clients→enrolment",
        "clients→centre",
        "clients→queue-2",
        "clients→enrolment-2",
        "queue→broker",
        "queue-2→broker",
        "enrolment→broker",
        "enrolment-2→broker",
        "enrolment→centre",
        "enrolment-2→centre",
    }
    second = processes["enrolment-2"]
    assert second.environment["CENTRAL_URL"] == network.hops["enrolment-2→centre"].url
    assert str(network.hops["enrolment-2→broker"].port) in second.environment["BROKER_URL"]
    assert second.url == network.hops["clients→enrolment-2"].url
    assert second.direct_url.endswith(second.environment["ENROLMENT_PORT"])
    assert len({hop.port for hop in network.hops.values()}) == len(network.hops)


def test_replicas_share_a_database_and_no_home(processes: dict[str, Process]) -> None:
    one, other = processes["queue"].environment, processes["queue-2"].environment
    assert one["QUEUE_DATABASE_URL"] == other["QUEUE_DATABASE_URL"]
    assert one["EKTP_HOME"] != other["EKTP_HOME"], "each has a clock of its own"
    assert one["QUEUE_PORT"] != other["QUEUE_PORT"]
    assert one["KEYS_DIR"] == other["KEYS_DIR"]


def test_settings_go_to_all_and_an_empty_one_takes_a_variable_out(processes: dict[str, Process]) -> None:
    for process in processes.values():
        assert process.environment["LOG_LEVEL"] == "DEBUG"
        assert "PYTHONUNBUFFERED" not in process.environment
        assert "somewhere" not in str(process.environment)
