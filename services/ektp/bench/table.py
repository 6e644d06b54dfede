"""The measurements as one table."""

from collections.abc import Sequence
from statistics import median

from rich.table import Table

from services.ektp.bench.figures import Figure


def table(figures: Sequence[Figure]) -> Table:
    """Medians, the ratio with its spread over the rounds, the aim, and whether it is met."""
    shown = Table(title="Speed and memory, each beside its yardstick in the same run", title_justify="left")
    for heading in ("what", "measured", "yardstick", "ratio", "spread", "aim", "met"):
        shown.add_column(heading, justify="right" if heading in {"measured", "ratio"} else "left")
    for figure in figures:
        shown.add_row(
            figure.name,
            _number(median(figure.measured), figure.unit),
            f"{_number(median(figure.yardstick), figure.unit)} ({figure.yardstick_name})",
            f"{figure.ratio:.2f}",
            f"{min(figure.ratios):.2f}–{max(figure.ratios):.2f}",
            f"{'≤' if figure.at_most else '≥'} {figure.aim:g}",
            "[green]yes[/]" if figure.met else "[bold red]NO[/]",
        )
    return shown


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
