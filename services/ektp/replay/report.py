"""The report of played days: a table for the terminal, one HTML file that needs nothing else, the raw histories."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.ektp.replay.chart import day_chart
from services.ektp.replay.comparison import Row, compare
from services.ektp.replay.finding import Finding
from services.ektp.replay.history import History
from services.ektp.replay.play import mode_title
from services.ektp.replay.scenario import Scenario

MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Played:
    """One mode of one day, judged."""

    history: History
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return all(finding.holds for finding in self.findings)


@dataclass(frozen=True, slots=True)
class DayReport:
    """One scenario with the modes that were played."""

    scenario: Scenario
    played: list[Played]

    @property
    def histories(self) -> list[History]:
        """What the clients saw, mode by mode."""
        return [played.history for played in self.played]

    @property
    def rows(self) -> list[Row]:
        """The comparison."""
        return compare(self.scenario, self.histories)


def mode_name(history: History) -> str:
    """The mode as a column's title."""
    return mode_title(record_offline=history.record_offline)


def terminal(report: DayReport) -> RenderableType:
    """The comparison and the verdict for a terminal."""
    table = Table(title=report.scenario.title, title_justify="left")
    table.add_column("")
    table.add_column("the report", justify="right")
    for history in report.histories:
        table.add_column(f"{mode_name(history)}\n({history.day})", justify="right")
    for row in report.rows:
        table.add_row(row.what, row.reported, *row.played)
    return Group(table, *(_verdict(played) for played in report.played))


def _verdict(played: Played) -> Text:
    text = Text()
    held = sum(finding.holds for finding in played.findings)
    text.append(f"  {mode_name(played.history)}: {held} of {len(played.findings)} rules hold", style="bold")
    text.append(f", {played.history.real_seconds:.0f} s, seed {played.history.seed}\n")
    for finding in played.findings:
        if not finding.holds:
            text.append(f"    VIOLATED {finding.rule}: {finding.saw}\n", style="red")
    return text


def write(reports: Sequence[DayReport], directory: Path) -> Path:
    """Write the page and the histories; the page's path."""
    directory.mkdir(parents=True, exist_ok=True)
    for report in reports:
        for history in report.histories:
            mode = "offline" if history.record_offline else "as-reported"
            path = directory / f"{report.scenario.name}-{mode}.json"
            path.write_text(
                json.dumps(dataclasses.asdict(history), default=_plain, indent=1), encoding="utf-8"
            )
    page = directory / "day-replay.html"
    page.write_text(_page(reports), encoding="utf-8")
    return page


def _page(reports: Sequence[DayReport]) -> str:
    environment = Environment(
        loader=PackageLoader("services.ektp.replay"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    template = environment.get_template("day-replay.html")
    return template.render(reports=reports, charts=_charts, mode_name=mode_name)


def _charts(report: DayReport) -> list[tuple[Played, str]]:
    """Both modes on the same axes, so that they can be compared by eye."""
    top = max((len(history.tickets) for history in report.histories), default=1)
    return [
        (played, day_chart(played.history, *_axis(report, played.history), top)) for played in report.played
    ]


def _axis(report: DayReport, history: History) -> tuple[datetime, datetime]:
    hours = report.scenario.office_day
    begins = report.scenario.at(history.day, hours.kiosk_opens) - MARGIN
    closes = report.scenario.at(history.day, hours.closes)
    return begins, max(closes, history.outage_ended) + MARGIN


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a history")
