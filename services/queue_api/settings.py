"""What queue_api is told by its environment."""

from pydantic import AliasChoices, Field

from shared.settings import ServiceSettings


class QueueSettings(ServiceSettings):
    """The shared settings with this service's port and database."""

    port: int = Field(default=8001, validation_alias=AliasChoices("QUEUE_PORT", "port"))
    queue_database_url: str = ""

    @property
    def database_url(self) -> str:
        """The configured database, or a file in EKTP_HOME."""
        return self.queue_database_url or self.sqlite_url("queue")
