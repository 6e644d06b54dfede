"""The page about faults: a row for each, with what was captured on the wire and what the forwarder was seen to do."""

import re
import shlex
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.specs import Kind
from services.ektp.central import command, faults
from tests.integration.central_mock.faults.captures import CAPTURES, Capture
from tests.integration.central_mock.faults.meaning_captures import MEANING_CAPTURES, MeaningCapture
from tests.integration.enrolment_api.delivery.test_meaning_of_the_centre import TIMES_SENT
from tests.integration.enrolment_api.delivery.test_wire_of_the_centre import CASES

PAGE = (Path(__file__).parents[4] / "docs" / "faults.md").read_text()
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS: list[tuple[str, str, str, str]] = ROW.findall(PAGE)

TRIED: list[Capture | MeaningCapture] = [*CAPTURES, *MEANING_CAPTURES]


def how(capture: Capture | MeaningCapture) -> str:
    """The command's words after `ektp central fault set`."""
    words = [capture.kind.value.lower().replace("_", "-")]
    words += [f"--setting {name}={said(value)}" for name, value in capture.settings.items()]
    shape = capture.shape if isinstance(capture, MeaningCapture) else {}
    return " ".join([*words, *(f"--{name} {value}" for name, value in shape.items())])


def said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def shows(capture: Capture | MeaningCapture) -> str:
    """As it was captured; the record's fate with it."""
    if isinstance(capture, MeaningCapture):
        return capture.shows
    again = "at the second request: " if capture.again else ""
    slow = f", {capture.slower_than:g} s later or more" if capture.slower_than else ""
    fate = "applied" if capture.at_centre else "not applied"
    if capture.again:
        fate = f"{fate} by the first"
    return f"{again}{capture.shows}{slow}; {fate}"


def test_each_row_is_what_was_captured() -> None:
    assert [row[:3] for row in ROWS] == [(each.kind.value, how(each), shows(each)) for each in TRIED]


def test_every_kind_has_its_row() -> None:
    assert [kind for kind, _ in groupby(row[0] for row in ROWS)] == [kind.value for kind in Kind]


SENT_AGAIN = {True: "sends it again", False: "does not send it again"}


@pytest.mark.parametrize("kind", [kind for kind, _ in groupby(each.kind for each in CASES)])
def test_what_the_forwarder_does_is_what_it_was_seen_to_do(kind: Kind) -> None:
    seen = {
        SENT_AGAIN[each.sent_again] for each in CASES if each.kind is kind and each.sent_again is not None
    }
    told = {row[3] for row in ROWS if row[0] == kind.value}
    for cell in told:
        assert {words for words in SENT_AGAIN.values() if words in cell} == seen, cell
        assert "once" in cell


@pytest.mark.parametrize("kind", TIMES_SENT)
def test_what_the_forwarder_does_about_a_meaning_is_what_it_was_seen_to_do(kind: Kind) -> None:
    for cell in {row[3] for row in ROWS if row[0] == kind.value}:
        if TIMES_SENT[kind] is not None:
            assert bool(re.search(r"\bsends( it)? again\b", cell)) is (TIMES_SENT[kind] == 2), cell
        assert cell.endswith(": once") is (kind is not Kind.APPLIED_TWICE), (
            cell
        )  # the centre itself makes it two


def test_every_fault_of_meaning_was_tried_with_the_forwarder() -> None:
    assert set(TIMES_SENT) == {each.kind for each in MEANING_CAPTURES}


class Sent(Exception):
    """What would have gone to the console."""


class NoConsole:
    def call(self, method: str, path: str, *, json: Any) -> None:
        raise Sent(json)


@pytest.mark.parametrize("capture", TRIED, ids=how)
def test_the_command_of_a_row_sets_that_fault(
    capture: Capture | MeaningCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "find_control", NoConsole)
    done = typer.testing.CliRunner().invoke(command.app, ["fault", "set", *shlex.split(how(capture))])
    assert isinstance(done.exception, Sent), done.output
    order = RuleOrder.model_validate(done.exception.args[0])
    assert order.fault == RuleOrder.model_validate({"fault": capture.fault}).fault
