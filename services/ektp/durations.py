"""Durations as people type them: `2h10m` on the command line, `PT2H10M` on the wire."""

import re

PATTERN = re.compile(r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")
ISO = re.compile(r"PT(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?")


def iso_duration(text: str) -> str:
    """`2h10m`, `90m`, `45s` or an ISO 8601 time duration as ISO 8601. Raises ValueError."""
    given = text.strip()
    if ISO.fullmatch(given.upper()):
        return given.upper()
    found = PATTERN.fullmatch(given.lower())
    parts = {name: int(value) for name, value in found.groupdict().items() if value} if found else {}
    if not any(parts.values()):
        raise ValueError(f"{text!r} is no duration: write it like 2h10m, 90m or 45s")
    units = {"hours": "H", "minutes": "M", "seconds": "S"}
    return "PT" + "".join(f"{value}{units[name]}" for name, value in parts.items() if value)
