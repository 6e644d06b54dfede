"""The bar that moves while a day is played: the day's clock, who has a number, who is recorded, who is where."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.ektp.replay.actors import Office
from services.ektp.replay.engine import Watcher
from services.ektp.replay.play import Play, mode_title
from services.ektp.replay.scenario import WIB

COLUMNS = "{task.fields[clock]}  {task.fields[issued]} numbers, {task.fields[recorded]} recorded, {task.fields[link]}"


@contextmanager
def following(what: Play, console: Console) -> Iterator[Watcher]:
    """A watcher that draws the bar; gone from the screen when the day is over."""
    title = f"{what.day}, {mode_title(record_offline=what.record_offline)}"
    with Progress(
        TextColumn(title),
        BarColumn(24),
        TextColumn(COLUMNS),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=1.0, clock="--:--", issued=0, recorded=0, link="")
        yield lambda office: _show(bar, task, office)


def _show(bar: Progress, task: TaskID, office: Office) -> None:
    history = office.history
    first = office.scenario.at(office.day, office.scenario.office_day.kiosk_opens)
    last = max(office.closes, office.outage_ends)
    done = (office.clock.now() - first) / (last - first)
    bar.update(
        task,
        completed=min(max(done, 0.0), 1.0),
        clock=f"{office.clock.now().astimezone(WIB):%H:%M}",
        issued=len(history.tickets),
        recorded=len(history.recorded),
        link=f"link {history.links[-1].state.lower()}" if history.links else "",
    )
