"""docs/testing.md names every fixture, fault and verb of the harness, and its examples run."""

import ast
import re
from pathlib import Path

import pytest

from shared.testing import proxy
from shared.testing.broker_faults import Broker
from shared.testing.cluster import Cluster
from shared.testing.postgres_node import PostgresNode
from shared.testing.process import Process
from shared.testing.proxy import Fault
from tests.integration.shared.testing.test_plugin import run

PAGE = (Path(__file__).parents[4] / "docs" / "testing.md").read_text()
PLUGIN = (Path(__file__).parents[4] / "shared" / "testing" / "plugin.py").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
BROKER_VERBS = (
    "cancel_consumers",
    "delete_queue",
    "unbind",
    "close_connections",
    "raise_memory_alarm",
    "clear_memory_alarm",
)
VERBS = ("kill", "stop", "cont", "start", "spawn", "is_running")


def test_every_fixture_stands_in_the_page() -> None:
    fixtures = re.findall(r"^@pytest.*fixture.*\n(?:async )?def (\w+)", PLUGIN, re.MULTILINE)
    assert len(fixtures) >= 7
    assert [name for name in fixtures if f"`{name}`" not in PAGE] == []


def test_every_fault_of_the_network_stands_in_the_page() -> None:
    kinds = [
        each.__name__ for each in vars(proxy).values() if isinstance(each, type) and issubclass(each, Fault)
    ]
    assert [name for name in kinds if name != "Fault" and f"`{name}(" not in PAGE] == []


@pytest.mark.parametrize("part", [Process, Broker, PostgresNode])
def test_every_part_has_the_verbs_that_the_page_promises(part: type) -> None:
    assert [verb for verb in VERBS if not callable(getattr(part, verb, None))] == []


def test_what_the_page_calls_on_a_trio_is_there() -> None:
    named = set(re.findall(r"(?<!testing\.)\btrio\.(\w+)", PAGE))
    made_at_start = {"processes", "databases", "disks", "timeline", "network"}
    assert {name for name in named if not hasattr(Cluster, name)} <= made_at_start


@pytest.mark.parametrize("verb", BROKER_VERBS)
def test_what_the_page_calls_on_a_broker_is_there(verb: str) -> None:
    assert f".{verb}(" in PAGE and callable(getattr(Broker, verb))


def test_the_example_without_a_trio_runs_as_it_stands(pytester: pytest.Pytester) -> None:
    (example,) = [each for each in EXAMPLES if "chaos_trio" not in each]
    pytester.makepyfile(example)
    run(pytester).assert_outcomes(passed=1)


def test_the_other_examples_are_tests_in_python() -> None:
    for example in EXAMPLES:
        assert any(
            isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in ast.parse(example).body
        )
