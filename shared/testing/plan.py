"""What a trio under the harness consists of, as data: its processes, their environments, the ways between them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.testing.trio import NOT_INHERITED, PORT_SETTINGS

DatabaseKind = Literal["sqlite", "postgresql"]
CLIENTS, BROKER, CENTRE, POSTGRES = "clients", "broker", "centre", "postgres"
DATABASE = "database"


@dataclass(frozen=True)
class Kind:
    """One of the three services: its module, its settings, and who it talks to."""

    name: str
    service: str
    port_setting: str
    database_setting: str
    talks_to: tuple[str, ...] = ()

    @property
    def argv(self) -> list[str]:
        return [sys.executable, "-m", f"services.{self.service}"]


KINDS = {
    "queue": Kind("queue", "queue_api", "QUEUE_PORT", "QUEUE_DATABASE_URL", (BROKER,)),
    "enrolment": Kind(
        "enrolment", "enrolment_api", "ENROLMENT_PORT", "ENROLMENT_DATABASE_URL", (BROKER, CENTRE)
    ),
    "centre": Kind("centre", "central_mock", "CENTRAL_PORT", "CENTRAL_DATABASE_URL"),
}
REPLICATED = ("queue", "enrolment")
TALKS_TO = {"broker": "BROKER_URL", "centre": "CENTRAL_URL"}


def hop_name(source: str, target: str) -> str:
    """How a way is called: `enrolment→centre`, `queue-2→broker`, `clients→queue`."""
    return f"{source}→{target}"


def plain(name: str) -> Kind:
    """What kind of process it is, whichever replica."""
    return KINDS[name.split("-", maxsplit=1)[0]]


def process_names(replicas: int) -> list[str]:
    """Every process; the second replica of a service is `queue-2`."""
    others = [f"{name}-{number}" for number in range(2, replicas + 1) for name in REPLICATED]
    return [*KINDS, *others]


def basic_environment(home: Path, keys: Path) -> dict[str, str]:
    """What every process of a trio is told, nothing of the surrounding shell's own trio."""
    left_out = (
        NOT_INHERITED
        | set(PORT_SETTINGS)
        | {"EKTP_HOME", "EKTP_FAILPOINTS", "LOG_LEVEL", "CENTRAL_UNIQUENESS_DELAY"}
    )
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {
        "EKTP_HOME": str(home),
        "EKTP_PROFILE": "demo",
        "KEYS_DIR": str(keys),
        "BIND_HOST": "127.0.0.1",
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }


def with_settings(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The same with some settings changed; an empty value takes a setting out."""
    merged = dict(environment) | dict(settings)
    return {name: value for name, value in merged.items() if value}
