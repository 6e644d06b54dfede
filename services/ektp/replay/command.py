"""`ektp day replay` and `ektp demo`: play reported days, show them beside the report, judge them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.ektp.replay.checker import check
from services.ektp.replay.engine import WEEK, Stage, free_day, play
from services.ektp.replay.own_trio import trio_for_demo
from services.ektp.replay.play import Play, mode_title
from services.ektp.replay.progress import following
from services.ektp.replay.report import DayReport, Played, terminal, write
from services.ektp.replay.scenario import Scenario, load_scenario
from services.ektp.running import find_trio
from services.ektp.settings import TrioSettings

SPEED = 360.0
DAYS = ("ngargoyoso-2016-09-16", "jepara-2017-06-14")
REPORT = "day-replay"

Speed = Annotated[float, typer.Option(min=1, max=3600, help="How many seconds of the day pass in one.")]
Seed = Annotated[int, typer.Option(help="Another seed is another crowd on the same day.")]
Report = Annotated[
    Path | None, typer.Option(help="Folder of the HTML report; EKTP_HOME/day-replay if not given.")
]


def replay(  # noqa: PLR0917  # typer reads a command's options from its parameters
    scenario: Annotated[str, typer.Argument(help="A name under scenarios/, or a file.")],
    record_offline: Annotated[
        bool | None,
        typer.Option(
            help="Whether the office may record without the centre; both, one after another, if not given."
        ),
    ] = None,
    speed: Speed = SPEED,
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Play it on another day than the report's.")
    ] = None,
    seed: Seed = 1,
    report: Report = None,
) -> None:
    """Play an office's day against the running trio; the exit code says whether every rule held."""
    day, settings, console = load_scenario(scenario), TrioSettings(), Console()
    if date:
        day = day.model_copy(update={"date": date.date()})
    modes = (False, True) if record_offline is None else (record_offline,)
    projector = Projector(Stage(find_trio(settings)), console, speed, seed)
    _finish([projector.show(day, modes)], report or settings.root / REPORT, console)


def demo(speed: Speed = SPEED, seed: Seed = 1, report: Report = None) -> None:
    """Play both days of the news reports in both modes, on a trio of its own when none is running."""
    settings, console = TrioSettings(), Console()
    scenarios = [load_scenario(name) for name in DAYS]
    with trio_for_demo(settings, console) as trio:
        projector = Projector(Stage(trio), console, speed, seed)
        reports = [projector.show(scenario, (False, True)) for scenario in scenarios]
    _finish(reports, report or settings.root / REPORT, console)


@dataclass(frozen=True, slots=True)
class Projector:
    """Plays days on one trio and shows them on one terminal."""

    stage: Stage
    console: Console
    speed: float
    seed: int

    def show(self, scenario: Scenario, modes: tuple[bool, ...]) -> DayReport:
        """The same day once in each mode: a trio has each date once, so the second is a week later."""
        played: list[Played] = []
        wanted = scenario.date
        for record_offline in modes:
            day = asyncio.run(free_day(self.stage, scenario, wanted))
            if day != scenario.date:
                self.console.print(
                    f"{scenario.date} is taken on this trio; played as {day}, the same weekday."
                )
            played.append(self._play(Play(scenario, day, record_offline, self.seed, self.speed)))
            wanted = day + WEEK
        report = DayReport(scenario, played)
        self.console.print(terminal(report))
        return report

    def _play(self, what: Play) -> Played:
        self.console.print(
            f"Playing {what.scenario.title}, {mode_title(record_offline=what.record_offline)} …"
        )
        with following(what, self.console) as watch:
            history = asyncio.run(play(self.stage, what, watch))
        return Played(history, check(what.scenario, history))


def _finish(reports: list[DayReport], directory: Path, console: Console) -> None:
    page = write(reports, directory)
    violated = sum(
        not finding.holds for each in reports for played in each.played for finding in played.findings
    )
    console.print(f"Report: {page}", soft_wrap=True)
    if violated:
        console.print(f"{violated} rules are violated.", style="bold red")
        raise typer.Exit(1)
    console.print(
        "Every rule holds: nothing lost, nothing twice, every place in the line kept.", style="green"
    )
