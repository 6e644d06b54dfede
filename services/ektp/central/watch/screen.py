"""The board on a terminal."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from services.ektp.central.outages import state_lines
from services.ektp.central.showing import RULE_HEADINGS, cells, rule_row, table
from services.ektp.central.watch.board import WINDOW, Board

BAD = "bold red"


def screen(board: Board, at: float) -> RenderableType:
    """Everything, top down: trouble, state, rules, rates, what happened last."""
    parts: list[RenderableType] = []
    if board.trouble is not None:
        parts.append(Text(board.trouble, style=BAD))
    if board.state is not None:
        parts += [_state(board), _rules(board)]
    if board.followed:
        parts.append(_rates(board, at))
    return Group(*parts, _lines(board))


def _state(board: Board) -> RenderableType:
    assert board.state is not None
    first, *others = state_lines(dict(board.state))
    style = "bold green" if board.state["fault"] is None else BAD
    return Group(Text(first, style=style), *(Text(each) for each in others))


def _rules(board: Board) -> RenderableType:
    assert board.state is not None
    if not board.state["rules"]:
        return Text("No fault is on.", style="green")
    shown = table(RULE_HEADINGS, expand=True)
    for each in board.state["rules"]:
        shown.add_row(*cells(rule_row(each)), style="yellow" if each["fired"] else None)
    return shown


def _rates(board: Board, at: float) -> RenderableType:
    rates = board.rates(at)
    told = "   ".join(f"{status}: {rate:.1f}" for status, rate in rates.items()) or "none"
    return Text(f"Requests a second over the last {WINDOW} s, by status: {told}   ({board.requests} seen)")


def _lines(board: Board) -> RenderableType:
    body = "\n".join(board.lines) or "Nothing has happened yet."
    return Panel(Text(body, no_wrap=True, overflow="ellipsis"), title="journal", title_align="left")
