"""What queue_api is told by its environment."""

from pydantic import AliasChoices, Field, SecretStr

from shared.settings import ServiceSettings


class QueueSettings(ServiceSettings):
    """The shared settings with this service's port and database."""

    port: int = Field(default=8001, validation_alias=AliasChoices("QUEUE_PORT", "port"))
    queue_database_url: SecretStr | None = None
    """A secret: the URL of a PostgreSQL database holds its password."""

    @property
    def database_url(self) -> str:
        """The configured database, or a file in EKTP_HOME."""
        given = self.queue_database_url
        return given.get_secret_value() if given else self.sqlite_url("queue")
