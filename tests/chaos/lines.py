"""Files of one JSON object a line, read so that a run of ten thousand records fits into memory."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHORT = 40
"""Letters up to which a word is kept once, however often it comes: states, offices, services, names of fields."""


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Each line's object."""
    decode = json.JSONDecoder(object_pairs_hook=_kept_once).decode
    with path.open() as lines:
        for line in lines:
            yield decode(line)


def _kept_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        sys.intern(name): sys.intern(value) if type(value) is str and len(value) <= SHORT else value
        for name, value in pairs
    }
