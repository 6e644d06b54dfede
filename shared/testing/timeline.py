"""What happened on all processes, in one order: what the harness did, and what the processes said of it.

Logs are read when the timeline is shown, not while it is made: a harness that reads is a harness that can be late.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WORTH_SHOWING = {"warning", "error", "critical", "alert", "emergency", "fatal", "panic"}
# Said with every line, or shown in front of it.
NOT_SHOWN = {"event", "level", "timestamp", "service", "correlation_id", "exception"}
LONGEST_LINE = 240
# RabbitMQ:   2026-11-22 17:18:51.434038+00:00 [warning] <0.223.0> text
# PostgreSQL: 2026-11-22 17:29:43.374 UTC [23833] FATAL:  text
_SERVER_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)(\+00:00| UTC) "
    r"(\[(?P<level>[a-z]+)\] <[\d.]+>|\[\d+\] (?P<name>[A-Z]+): ) ?(?P<text>.*)"
)


@dataclass(frozen=True, order=True)
class Moment:
    """One thing that happened; `at` is the machine's own time, whatever the services' clocks show."""

    at: float
    who: str
    what: str
    logged: bool = False
    """Said by the process itself, not by the harness."""


class Timeline:
    """Notes from any thread, logs by their own time stamps."""

    def __init__(self) -> None:
        self.began = time.time()
        self.acted: Counter[tuple[str, str]] = Counter()
        """How often something was really done to somebody: `("queue", "killed")`."""
        self._notes: list[Moment] = []
        self._logs: dict[Path, str] = {}
        self._lock = threading.Lock()

    def note(self, who: str, what: str, *, fault: str = "", times: int = 1) -> None:
        """Something the harness did or saw, now; a `fault` is counted as often as it acted."""
        with self._lock:
            self._notes.append(Moment(time.time(), who, what))
            if fault and times:
                self.acted[who, fault] += times

    def follow(self, who: str, log: Path) -> None:
        """Let the warnings and errors of this log be part of it."""
        with self._lock:
            self._logs[log] = who

    def moments(self) -> list[Moment]:
        """Everything so far, in order."""
        with self._lock:
            found, logs = list(self._notes), dict(self._logs)
        for path, who in logs.items():
            if path.exists():
                with path.open(errors="replace") as lines:
                    found += log_moments(who, lines)
        return sorted(moment for moment in found if moment.at >= self.began)

    def render(self, last: int | None = None) -> str:
        """As text, seconds since the beginning in front; the last so many moments."""
        moments = self.moments()
        shown = together(moments if last is None else moments[-last:])
        width = max((len(moment.who) for moment in shown), default=0)
        began = datetime.fromtimestamp(self.began, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        lines = [f"timeline from {began} UTC"]
        if last is not None and last < len(moments):
            lines.append(f"… {len(moments) - last} moments before these")
        lines += [f"{moment.at - self.began:9.3f}  {moment.who:<{width}}  {moment.what}" for moment in shown]
        return "\n".join(lines)


def together(moments: list[Moment]) -> list[Moment]:
    """The same with what a process says over and over said once, with how often."""
    shown: list[Moment] = []
    times: list[int] = []
    for moment in moments:
        last = next((at for at in range(len(shown) - 1, -1, -1) if shown[at].who == moment.who), None)
        if last is not None and shown[last].what == moment.what and moment.logged:
            times[last] += 1
        else:
            shown.append(moment)
            times.append(1)
    return [
        moment if count == 1 else Moment(moment.at, moment.who, f"{moment.what} ({count} times)")
        for moment, count in zip(shown, times, strict=True)
    ]


def log_moments(who: str, lines: Iterator[str]) -> Iterator[Moment]:
    """The lines of a log that are worth showing: JSON as our services write it, RabbitMQ's and PostgreSQL's own."""
    for line in lines:
        found = _ours(line) if line.startswith("{") else _servers(line)
        if found is not None:
            at, level, text = found
            if level in WORTH_SHOWING:
                yield Moment(at, who, f"{level}: {text}"[:LONGEST_LINE], logged=True)


def _ours(line: str) -> tuple[float, str, str] | None:
    try:
        entry: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(entry["timestamp"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return None  # cut off by a kill, or somebody else's JSON
    more = [f"{name}={value}" for name, value in entry.items() if name not in NOT_SHOWN]
    if trace := str(entry.get("exception", "")).strip():
        more.append(trace.rsplit("\n", 1)[-1])
    return at, str(entry.get("level", "")), " ".join([str(entry.get("event", "")), *more])


def _servers(line: str) -> tuple[float, str, str] | None:
    found = _SERVER_LINE.match(line)
    if found is None:
        return None
    at = datetime.fromisoformat(f"{found['at'][:26]}+00:00").timestamp()
    return at, found["level"] or found["name"].lower(), found["text"].strip()
