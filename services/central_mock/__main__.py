"""`python -m services.central_mock`."""

import asyncio

import uvicorn

from services.central_mock.app import build_runtime
from services.central_mock.preparing import prepare_new
from services.central_mock.server import CentreServer
from services.central_mock.settings import CentreSettings
from shared.logs import configure_logging


def main() -> None:
    """Configured by the environment alone; an empty directory is enough."""
    settings = CentreSettings()
    configure_logging("central_mock", settings.log_format, settings.log_level)
    prepare_new(settings)
    run(settings)


def run(settings: CentreSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    with asyncio.Runner(
        loop_factory=uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()
    ) as runner:
        runner.run(_serve(settings))


async def _serve(settings: CentreSettings) -> None:
    await CentreServer(build_runtime(settings)).run()


if __name__ == "__main__":
    main()
