"""On what it was measured: ratios travel between machines, the numbers beside them do not."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("fastapi", "uvicorn", "sqlalchemy", "sqlmodel", "aio-pika", "httpx", "aiohttp")


def machine() -> dict[str, object]:
    """Processor, memory, and the versions of what is measured."""
    return {
        "system": platform.platform(),
        "processor": _line("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": _line("/proc/meminfo", "MemTotal"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def load_average() -> float:
    """Of the last minute: above the number of cores, somebody else was at work too."""
    return round(os.getloadavg()[0], 2)


def _line(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
