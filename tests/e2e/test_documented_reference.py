"""The tables of the docs say what the code says: settings, log lines, health, metrics, errors, decisions."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import services.enrolment_api
import services.queue_api
import shared
from services.central_mock.settings import CentreSettings
from services.ektp.settings import TrioSettings
from services.enrolment_api.settings import EnrolmentSettings
from services.queue_api.settings import QueueSettings
from shared.metrics import Metrics
from shared.problems import Problem
from tests.e2e.documented import ROOT

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
CLIENTS = (ROOT / "docs" / "clients.md").read_text()
READERS: dict[str, type[BaseSettings]] = {
    "queue_api": QueueSettings,
    "enrolment_api": EnrolmentSettings,
    "central_mock": CentreSettings,
    "`ektp`": TrioSettings,
}
SERVICES = set(READERS) - {"`ektp`"}
METRICS = {
    "gauge", "counter", "Histogram", "Counter", "Gauge", "CounterMetricFamily", "GaugeMetricFamily",
}  # fmt: skip
EVENT = re.compile(r"[a-z_]+\.[a-z0-9_]+")


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table whose header begins with that cell."""
    lines = page[page.index(f"\n| {heading} |") :].strip().split("\n")
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def in_code(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    given = alias.choices[0] if isinstance(alias, AliasChoices) else alias
    return str(given or name.upper())


def shown(default: object) -> str | None:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return None if default is None else str(default)


class TestSettings:
    ROWS: ClassVar = {next(iter(in_code(row[0]))): row for row in table(OPERATIONS, "setting")}

    def known(self) -> Iterator[tuple[str, str, str | None]]:
        """Every reader's variables with their defaults."""
        for reader, settings in READERS.items():
            for name, field in settings.model_fields.items():
                yield variable(name, field), reader, shown(field.default)

    def test_every_setting_stands_in_the_table_and_no_other(self) -> None:
        assert set(self.ROWS) == {name for name, _, _ in self.known()}

    def test_each_row_names_its_readers(self) -> None:
        for name, row in self.ROWS.items():
            readers = {reader for each, reader, _ in self.known() if each == name}
            named = {"all": SERVICES, "services": SERVICES}
            told = set().union(*(named.get(word, {word}) for word in re.split(r"[,;] ", row[2])))
            assert told == readers, name

    def test_each_row_shows_the_default_of_each_reader(self) -> None:
        for name, _, default in self.known():
            cell = self.ROWS[name][1]
            assert "unset" in cell if default is None else default in in_code(cell), name

    def test_what_is_read_past_the_settings_is_named_too(self) -> None:
        asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
        for path in (ROOT / "services").rglob("*.py"):
            text = path.read_text()
            asked |= set(re.findall(r'environ\.get\("([A-Z_]+)"', text))
            asked |= set(re.findall(r'"([A-Z_]+)" not in os\.environ', text))
        assert {name for name in asked if f"`{name}" not in OPERATIONS} == set()


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in ("shared", "services/queue_api", "services/enrolment_api", "services/central_mock"):
        for path in (ROOT / folder).rglob("*.py"):
            if "testing" not in path.parts:
                yield path, ast.parse(path.read_text())


def texts(node: ast.AST) -> set[str]:
    return {
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call with a first argument: object and method, `""` for a plain function."""
    for _, module in sources():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            match node.func:
                case ast.Attribute(value=ast.Name(id=owner), attr=method):
                    yield owner, method, node
                case ast.Attribute(attr=method):
                    yield "", method, node
                case ast.Name(id=function):
                    yield "", function, node


def logged() -> set[str]:
    """The names of all log lines; `level` and `note` hold a method of the log that was chosen before."""
    return {
        text
        for owner, method, call in calls()
        if owner == "log" or method in {"level", "note"}
        for text in texts(call.args[0])
        if EVENT.fullmatch(text)
    }


def test_every_log_line_is_explained_and_no_other() -> None:
    explained = set().union(*(in_code(row[0]) for row in table(OPERATIONS, "event")))
    assert explained == logged()


def test_every_background_task_and_component_is_explained() -> None:
    started = {
        f"task:{text}"
        for owner, method, call in calls()
        if (owner, method) == ("tasks", "start")
        for text in texts(call.args[0])
    }
    assert "task:forwarder" in started
    explained = set().union(*(in_code(row[0]) for row in table(OPERATIONS, "component")))
    assert explained == started | {"database", "broker", "centre"}


def test_every_metric_is_explained_and_no_other() -> None:
    names = {
        text
        for _, method, call in calls()
        if method in METRICS
        for text in texts(call.args[0])
        if text.startswith("ektp_")
    }
    families = {family.name for family in Metrics("any").registry.collect()}
    assert families <= {name.removesuffix("_total") for name in names}
    assert {next(iter(in_code(row[0]))) for row in table(OPERATIONS, "metric")} == names


def test_every_error_says_what_a_client_does() -> None:
    for package in (services.queue_api, services.enrolment_api, shared):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in found.name for part in ("migrations", "__main__", "testing", "migration_env")):
                importlib.import_module(found.name)
    raised = {
        (str(kind.status), kind.type)
        for kind in kinds_of(Problem)
        if kind.__module__.startswith(("services.queue_api", "services.enrolment_api", "shared"))
    }
    told = {(row[0], name) for row in table(CLIENTS, "status") for name in in_code(row[1])}
    assert told == raised | {("500", "about:blank")}


def kinds_of(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_of(each)


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    written = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    for path in written:
        title = path.read_text().split("\n", 1)[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in index, path.name
    numbers = [path.name[:4] for path in written]
    assert len(set(numbers)) == len(numbers)
