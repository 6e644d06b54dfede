"""The supervisor's log: every line says which process wrote it, in a colour when a person is watching."""

import os
import sys
from typing import TextIO

COLOURS = {"queue_api": "36", "enrolment_api": "32", "central_mock": "35", "broker": "33", "ektp": "1;37"}
WIDTH = max(len(name) for name in COLOURS)


class Lines:
    """Writes prefixed lines. A reader that went away (a closed pipe) never stops the trio."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._coloured = self._out.isatty() and "NO_COLOR" not in os.environ

    def say(self, name: str, text: str) -> None:
        """One line from one process, written whole at once."""
        prefix = f"{name:<{WIDTH}} |"
        if self._coloured:
            prefix = f"\x1b[{COLOURS.get(name, '34')}m{prefix}\x1b[0m"
        try:
            self._out.write(f"{prefix} {text}\n")
            self._out.flush()
        except BrokenPipeError:
            self._out = open(os.devnull, "w")  # noqa: SIM115, PTH123  # for as long as the process lives

    def write(self, text: str) -> None:
        """Text of our own that is laid out already, a table."""
        self._out.write(text)
        self._out.flush()

    @property
    def is_terminal(self) -> bool:
        """Whether a person is looking."""
        return self._out.isatty()
