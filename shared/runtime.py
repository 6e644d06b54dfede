"""What a running service holds: one typed object, put together in one place, found by every dependency."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from shared.clock import SystemClock
from shared.database import Database
from shared.health import Health
from shared.metrics import Metrics
from shared.security import TokenVerifier
from shared.settings import ServiceSettings


@dataclass
class Runtime:
    """The parts every service has. A service's own state extends it."""

    settings: ServiceSettings
    clock: SystemClock
    database: Database
    verifier: TokenVerifier
    health: Health
    metrics: Metrics

    @property
    def clock_file(self) -> Path:
        """Where this service keeps its clock's setting in a demo."""
        return self.settings.home / f"clock-{self.metrics.service}.json"


def runtime_of(request: Request) -> Runtime:
    """The runtime behind the request."""
    return cast(Runtime, request.app.state.runtime)


async def current_runtime(request: Request) -> Runtime:
    """The runtime as a dependency: async, for FastAPI would take a plain function to a thread for each request."""
    return runtime_of(request)


CurrentRuntime = Annotated[Runtime, Depends(current_runtime)]
