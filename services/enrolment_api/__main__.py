"""`python -m services.enrolment_api`: the service, configured by its environment alone."""

from services.enrolment_api.app import create_app
from services.enrolment_api.settings import EnrolmentSettings
from shared.logs import configure_logging
from shared.web import serve


def main() -> None:
    """Serve until SIGTERM."""
    settings = EnrolmentSettings()
    configure_logging("enrolment_api", settings.log_format, settings.log_level)
    serve(create_app(settings), host=settings.bind_host, port=settings.port)


if __name__ == "__main__":
    main()
