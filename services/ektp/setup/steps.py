"""The whole set-up in order: broker, keys, databases. `ektp setup` and `ektp run` both do it."""

from collections.abc import Callable

from services.ektp.errors import CommandFailed
from services.ektp.settings import TrioSettings
from services.ektp.setup.databases import migrate_all
from services.ektp.setup.rabbitmq import ensure_server
from shared.keys import Credential, create_keys
from shared.settings import Profile


def ensure_broker(settings: TrioSettings, say: Callable[[str], None], *, even_if_given: bool = False) -> None:
    """A broker of our own needs RabbitMQ's programs; a BROKER_URL needs nothing. Raises CommandFailed."""
    ensure_home(settings)
    if settings.broker_url is not None and not even_if_given:
        return
    if ensure_server(settings.root / "setup.log"):
        say("RabbitMQ was installed from Debian's packages; no system-wide broker was started")


def prepare(settings: TrioSettings) -> list[Credential]:
    """Keys and databases, everything else the services need to start. Raises CommandFailed."""
    ensure_home(settings)
    credentials = create_keys(settings.keys, demo=settings.profile is Profile.DEMO)
    migrate_all(settings.database_urls)
    return credentials


def ensure_home(settings: TrioSettings) -> None:
    """The directory with everything a run keeps."""
    try:
        settings.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"EKTP_HOME {settings.root} can't be used: {error.strerror}") from error
