"""What the supervisor starts, as data: the same commands stand in docker-compose.yml, and a test compares them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ektp.settings import SERVICES, TrioSettings


@dataclass(frozen=True)
class ServiceSpec:
    """One process to keep running. It is ready when `ready_url` answers 200."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    ready_url: str
    # Setting's name -> port: what to change when the port is taken.
    ports: Mapping[str, int] = field(default_factory=dict)


def module_of(service: str) -> str:
    """The module that `python -m` runs for a service."""
    return f"services.{service}"


def trio_specs(settings: TrioSettings, broker_url: str) -> list[ServiceSpec]:
    """The three services of these settings, talking over that broker."""
    urls = settings.urls
    environment = trio_environment(settings, broker_url)
    ports = {
        "queue_api": {"QUEUE_PORT": settings.queue_port},
        "enrolment_api": {"ENROLMENT_PORT": settings.enrolment_port},
        "central_mock": {
            "CENTRAL_PORT": settings.central_port,
            "CENTRAL_CONTROL_PORT": settings.central_control_port,
        },
    }
    # The centre's own port can be made to refuse or hang, so its health is asked on the control port.
    asked = {name: urls[name] for name in SERVICES} | {"central_mock": urls["central_control"]}
    return [
        ServiceSpec(
            name=name,
            argv=(sys.executable, "-m", module_of(name)),
            environment=environment,
            url=urls[name],
            ready_url=f"{asked[name]}/health/ready",
            ports=ports[name],
        )
        for name in SERVICES
    ]


def trio_environment(settings: TrioSettings, broker_url: str) -> dict[str, str]:
    """Everything the children are told, nothing left to a relative path or a default of theirs."""
    databases = settings.database_urls
    return dict(os.environ) | {
        "EKTP_HOME": str(settings.root),
        "EKTP_PROFILE": settings.profile.value,
        "BIND_HOST": settings.bind_host,
        "QUEUE_PORT": str(settings.queue_port),
        "ENROLMENT_PORT": str(settings.enrolment_port),
        "CENTRAL_PORT": str(settings.central_port),
        "CENTRAL_CONTROL_PORT": str(settings.central_control_port),
        "BROKER_URL": broker_url,
        "QUEUE_DATABASE_URL": databases["queue_api"],
        "ENROLMENT_DATABASE_URL": databases["enrolment_api"],
        "CENTRAL_DATABASE_URL": databases["central_mock"],
        "CENTRAL_URL": settings.central_url or settings.urls["central_mock"],
        "KEYS_DIR": str(settings.keys),
        "LOG_FORMAT": settings.log_format.value,
        "PYTHONUNBUFFERED": "1",
    }
