"""Nothing is synced: a commit is done when the kernel has it."""

from typing import Any

from shared.database import sqlite


def plant() -> None:
    backend: Any = sqlite
    engine = backend.sqlite_engine
    backend.sqlite_engine = lambda url: engine(url, durable=False)
