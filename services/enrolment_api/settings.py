"""What enrolment_api is told by its environment."""

from pydantic import AliasChoices, Field, SecretStr

from shared.settings import ServiceSettings


class EnrolmentSettings(ServiceSettings):
    """Where it listens, its own database, and where it finds the centre."""

    port: int = Field(default=8002, validation_alias=AliasChoices("ENROLMENT_PORT", "port"))
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("ENROLMENT_DATABASE_URL", "database_url")
    )
    central_port: int = 8003
    central_url: str | None = None
    reconciliation_interval: float = Field(default=3600.0, ge=10)
    """Seconds between two comparisons of a recent day with the centre."""
    reconciliation_days: int = Field(default=7, ge=0, le=366)
    """So many days back are compared once a day; 0: none by itself, only what a supervisor asks for."""
    reconciliation_grace: float = Field(default=120.0, ge=0)
    """A receipt younger than so many seconds is not doubted: the centre's reads may lag behind its writes."""

    @property
    def database(self) -> str:
        """The database's URL; one SQLite file in EKTP_HOME where nothing is said."""
        return self.database_url.get_secret_value() if self.database_url else self.sqlite_url("enrolment")

    @property
    def centre(self) -> str:
        """The centre's base URL."""
        return self.central_url or f"http://127.0.0.1:{self.central_port}"
