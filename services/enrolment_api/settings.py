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

    @property
    def database(self) -> str:
        """The database's URL; one SQLite file in EKTP_HOME where nothing is said."""
        return self.database_url.get_secret_value() if self.database_url else self.sqlite_url("enrolment")

    @property
    def centre(self) -> str:
        """The centre's base URL."""
        return self.central_url or f"http://127.0.0.1:{self.central_port}"
