"""Each service's own database: made where the server lets us, and brought to its newest schema."""

import asyncio
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.ektp.errors import CommandFailed
from services.ektp.settings import without_password
from shared.migrations import migrate, sync_url


def migrate_all(urls: Mapping[str, str]) -> None:
    """Create what is missing and upgrade every database to head. Raises CommandFailed naming the database."""
    for service, url in urls.items():
        try:
            if make_url(url).get_backend_name() == "postgresql":
                asyncio.run(_ensure_database(sync_url(url)))
            migrate(service, url)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = str(error).strip().split("\n")[0]
            raise CommandFailed(f"The database of {service} ({without_password(url)}): {reason}") from error


async def _ensure_database(url: URL) -> None:
    """Create the database of the URL when the server is there and the database is not."""
    engine = create_async_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            known = await connection.scalar(
                sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
            )
            if not known:
                quoted = engine.dialect.identifier_preparer.quote_identifier(url.database or "")
                await connection.execute(sa.text(f"CREATE DATABASE {quoted}"))
    finally:
        await engine.dispose()
