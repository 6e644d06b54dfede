"""The real services inside the tests' process: served on a port, lifespan entered, without a broker."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
import uvicorn
from fastapi import FastAPI

from services.central_mock import app as centre
from services.central_mock.settings import CentreSettings
from services.enrolment_api import app as enrolment
from services.enrolment_api.settings import EnrolmentSettings
from services.queue_api import app as queue
from services.queue_api.settings import QueueSettings
from shared.keys import OFFICES, create_keys
from shared.messaging.messaging import Messaging
from shared.migrations import migrate
from shared.security import Role, sign_token
from shared.testing.ports import free_port
from shared.testing.waiting import wait_until

# The centre's long polls are over in milliseconds.
SPEED = 3600.0


@dataclass
class Served:
    """One service that answers."""

    url: str
    keys_dir: Path

    def bearer(self, *roles: str, offices: tuple[str, ...] = OFFICES) -> dict[str, str]:
        """The header of somebody with these roles."""
        token = sign_token(self.keys_dir, subject="tester", roles=roles, offices=offices, lifetime=3600)
        return {"Authorization": f"Bearer {token}"}

    def everybody(self) -> dict[str, str]:
        """The header of somebody with every role at every sample office."""
        return self.bearer(*(role.value for role in Role))


def make_app(document: str, home: Path) -> FastAPI:
    """The app behind an OpenAPI document, over a migrated database in `home`."""
    create_keys(home / "keys")
    match document:
        case "queue_api":
            app = queue.create_app(QueueSettings(home=home))
            migrate(document, f"sqlite:///{home / 'queue.db'}")
        case "enrolment_api":
            nowhere = f"http://127.0.0.1:{free_port()}"
            app = enrolment.create_app(EnrolmentSettings(home=home, central_url=nowhere))
            migrate(document, f"sqlite:///{home / 'enrolment.db'}")
        case _:
            settings = CentreSettings(home=home, clock_speed=SPEED)
            migrate("central_mock", settings.database_url)
            runtime = centre.build_runtime(settings)
            console = document == "central_mock_control"
            app = centre.create_control_app(runtime) if console else centre.create_app(settings, runtime)
    return app


@contextlib.contextmanager
def served(document: str, home: Path) -> Iterator[Served]:
    """The service on a free port until the end of the block."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Messaging, "run", _no_broker)
        with _serve(document, make_app(document, home)) as url:
            yield Served(url, home / "keys")
    structlog.reset_defaults()


async def _no_broker(_self: Messaging) -> None:
    await asyncio.Event().wait()


@contextlib.contextmanager
def _serve(document: str, app: FastAPI) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, name=document)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), within=60)
        assert server.started, "it did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
