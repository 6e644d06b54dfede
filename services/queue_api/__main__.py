"""`python -m services.queue_api`: the service, configured by its environment."""

from services.queue_api.app import create_app
from services.queue_api.runtime import QueueRuntime
from services.queue_api.settings import QueueSettings
from shared.logs import configure_logging
from shared.web import serve


def main() -> None:
    """Run until SIGTERM."""
    settings = QueueSettings()
    configure_logging("queue_api", settings.log_format, settings.log_level)
    app = create_app(settings)
    runtime: QueueRuntime = app.state.runtime
    serve(app, host=settings.bind_host, port=settings.port, before_closing=runtime.hub.close)


if __name__ == "__main__":
    main()
