"""The plot of one played day as SVG, drawn by ziaplot: no server, no script, one file."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import ziaplot  # type: ignore[import-untyped]  # ships no types

from services.ektp.replay.history import History
from services.ektp.replay.scenario import WIB

WIDTH, HEIGHT = 1040, 400
HOUR = timedelta(hours=1)
STYLE = """
Canvas { color: white; }
Graph { color: white; edge_width: 1; edge_color: #8893a0; }
Graph.GridX { color: #e6eaef; stroke: solid; }
Graph.GridY { color: #e6eaef; stroke: solid; }
Graph.TickX { font_size: 13; height: 4; stroke_width: 1; margin: 4; }
Graph.TickY { font_size: 13; height: 4; stroke_width: 1; margin: 4; }
Graph.YName { font_size: 13; }
Graph.Legend { font_size: 14; stroke: none; radius: 56; pad: 14; }
Graph.LegendText { font_size: 13; }
Text { font_size: 13; color: #9a5b00; }
"""
OUTAGE, ISSUED, RECORDED, AT_CENTRE, BACKLOG = "#fdebd0", "#8a94a0", "#1f6fb2", "#9ad3ae", "#c0392b"
Points = list[tuple[float, float]]


def day_chart(history: History, begins: datetime, ends: datetime, top: int) -> str:
    """Numbers issued, recorded, at the centre, and the backlog, from `begins` to `ends`; `top` people high."""
    graph = ziaplot.Graph().css(STYLE).size(WIDTH, HEIGHT).axesnames(y="people").legend("right")
    graph.xrange(_hour(begins), _hour(ends)).yrange(0, top)
    hours = _full_hours(begins, ends)
    graph.xticks([_hour(at) for at in hours], [f"{at:%H:%M}" for at in hours])
    with graph:
        _shade(history, begins, ends, top)
        _line("numbers issued", ISSUED, _counted((t.issued_at for t in history.tickets), begins, ends))
        # under the recorded, and broader: while all is well the two lie on each other
        arrived = [record.at_centre for record in history.recorded if record.at_centre]
        _line("at the centre", AT_CENTRE, _counted(arrived, begins, ends), width=6)
        _line("recorded", RECORDED, _counted((r.recorded_at for r in history.recorded), begins, ends))
        _line("backlog", BACKLOG, _backlog(history, ends))
    svg: str = graph.imagebytes("svg").decode()
    return _scalable(svg)


def _shade(history: History, begins: datetime, ends: datetime, top: int) -> None:
    left, right = _hour(max(history.outage_began, begins)), _hour(min(history.outage_ended, ends))
    corners = [(left, 0), (right, 0), (right, top), (left, top)]
    ziaplot.Polygon(corners).color("none").fill(OUTAGE)
    ziaplot.Text(left + 0.05, top * 0.96, "centre offline")


def _line(name: str, color: str, points: Points, width: float = 2.2) -> None:
    """A staircase: a count stays what it is until the next one."""
    stairs = points[:1]
    for (_, before), (x, after) in pairwise(points):
        stairs += [(x, before), (x, after)]
    xs, ys = [x for x, _ in stairs], [y for _, y in stairs]
    ziaplot.PolyLine(xs, ys).color(color).strokewidth(width).name(name)


def _counted(moments: Iterable[datetime], begins: datetime, ends: datetime) -> Points:
    ordered = sorted(moment for moment in moments if moment <= ends)
    counted = [(_hour(moment), float(count)) for count, moment in enumerate(ordered, start=1)]
    return [(_hour(begins), 0.0), *counted, (_hour(ends), float(len(ordered)))]


def _backlog(history: History, ends: datetime) -> Points:
    seen = [(_hour(link.at), float(link.backlog)) for link in history.links if link.at <= ends]
    return seen or [(_hour(ends), 0.0)]


def _hour(moment: datetime) -> float:
    local = moment.astimezone(WIB)
    return local.hour + local.minute / 60 + local.second / 3600


def _full_hours(begins: datetime, ends: datetime) -> list[datetime]:
    first = begins.astimezone(WIB).replace(minute=0, second=0, microsecond=0) + HOUR
    return [first + HOUR * step for step in range(int((ends - first) / HOUR) + 1)]


def _scalable(svg: str) -> str:
    """As wide as the page allows, with a name for who can't see it."""
    label = 'role="img" aria-label="Numbers issued, recorded, at the centre and backlog over the day"'
    return svg.replace(f'height="{HEIGHT}" width="{WIDTH}"', f'width="100%" {label}', 1)
