"""The page and the table: whole, self-contained, and honest about violations."""

from pathlib import Path

import pytest
from rich.console import Console

from services.ektp.replay.checker import check
from services.ektp.replay.figures import inside_to_outside, recorded_by, waits
from services.ektp.replay.finding import Finding
from services.ektp.replay.report import DayReport, Played, terminal, write
from tests.unit.replay.days import short_day
from tests.unit.replay.made_up import good_history

SCENARIO = short_day(source="made up <by us>")


@pytest.fixture
def report() -> DayReport:
    histories = [good_history(SCENARIO, record_offline=mode) for mode in (False, True)]
    return DayReport(SCENARIO, [Played(history, check(SCENARIO, history)) for history in histories])


def test_the_page_needs_nothing_but_itself(report: DayReport, tmp_path: Path) -> None:
    page = write([report], tmp_path).read_text(encoding="utf-8")

    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page


def test_the_page_shows_text_as_text(report: DayReport, tmp_path: Path) -> None:
    page = write([report], tmp_path).read_text(encoding="utf-8")

    assert "made up &lt;by us&gt;" in page


def test_the_histories_lie_beside_the_page(report: DayReport, tmp_path: Path) -> None:
    write([report], tmp_path)

    names = sorted(path.name for path in tmp_path.glob("*.json"))
    assert names == ["short-day-as-reported.json", "short-day-offline.json"]


def test_the_terminal_names_a_violated_rule(report: DayReport) -> None:
    report.played[0].findings.append(Finding("the sun rises", holds=False, saw="darkness"))
    console = Console(record=True, width=160)

    console.print(terminal(report))

    assert "VIOLATED the sun rises: darkness" in console.export_text()


def test_productivity_counts_an_interrupted_hour_against_the_office() -> None:
    as_it_was = good_history(SCENARIO, record_offline=False)
    offline = good_history(SCENARIO, record_offline=True)

    assert inside_to_outside(as_it_was)[0].per_hour == 0
    inside, outside = inside_to_outside(offline)
    assert inside.per_hour == pytest.approx(outside.per_hour, rel=0.01)


def test_figures_of_the_good_day() -> None:
    history = good_history(SCENARIO, record_offline=True)

    assert recorded_by(history, history.outage_began) == 10
    assert min(waits(history)) == pytest.approx(10, abs=0.2)
