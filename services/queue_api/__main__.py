"""`python -m services.queue_api`: the service, configured by its environment."""

from services.queue_api.app import create_app
from services.queue_api.settings import QueueSettings
from shared.logs import configure_logging
from shared.web import serve


def main() -> None:
    """Run until SIGTERM."""
    settings = QueueSettings()
    configure_logging("queue_api", settings.log_format, settings.log_level)
    serve(create_app(settings), host=settings.bind_host, port=settings.port)


if __name__ == "__main__":
    main()
