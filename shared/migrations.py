"""Bringing a service's database to its newest schema, with alembic and in one place."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL, make_url

SERVICES = ("queue_api", "enrolment_api", "central_mock")


def sync_url(url: str) -> URL:
    """The URL as alembic's synchronous environment reads it for SQLite, asyncpg's for PostgreSQL."""
    parsed = make_url(url)
    driver = "sqlite+pysqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+asyncpg"
    return parsed.set(drivername=driver)


def alembic_config(service: str, url: str) -> Config:
    """The alembic configuration of a service; there is no ini file to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(files(f"services.{service}") / "migrations"))
    config.set_main_option(
        "sqlalchemy.url", sync_url(url).render_as_string(hide_password=False).replace("%", "%%")
    )
    return config


def migrate(service: str, url: str) -> None:
    """Upgrade to head. Raises sqlalchemy's errors when the database can't be reached."""
    command.upgrade(alembic_config(service, url), "head")
