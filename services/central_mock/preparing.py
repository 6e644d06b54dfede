"""What a centre needs before it starts, made where it is missing: with the trio, set-up has made all of it."""

from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from services.central_mock.settings import CentreSettings
from shared.keys import SEAL_PRIVATE, SIGN_PRIVATE, create_centre_keys
from shared.migrations import migrate
from shared.security import PUBLIC_KEY
from shared.settings import Profile

log = structlog.get_logger()

NEEDED = (PUBLIC_KEY, SEAL_PRIVATE, SIGN_PRIVATE)


def prepare_new(settings: CentreSettings) -> None:
    """Keys and a SQLite file where there are none; in a demo alone. What is there is left as it is."""
    if settings.profile is not Profile.DEMO:
        return
    if any(not (settings.keys / name).exists() for name in NEEDED):
        create_centre_keys(settings.keys)
        log.info("centre.prepared", made="keys", directory=str(settings.keys))
    if _new_file(settings.database_url):
        prepare_database(settings.database_url)


def prepare_database(url: str) -> None:
    """Bring the database to its newest schema. Takes a loop of its own, so not while one runs."""
    if file := _file(url):
        file.parent.mkdir(parents=True, exist_ok=True)
    migrate("central_mock", url)
    log.info("centre.prepared", made="database")


def _new_file(url: str) -> bool:
    file = _file(url)
    return file is not None and not file.exists()


def _file(url: str) -> Path | None:
    """The file of a SQLite database."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
