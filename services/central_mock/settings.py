"""What the environment tells the centre."""

from pydantic import AliasChoices, Field, SecretStr, field_validator

from shared.settings import ServiceSettings


class CentreSettings(ServiceSettings):
    """The shared settings and the centre's own."""

    port: int = Field(default=8003, ge=0, le=65535, validation_alias=AliasChoices("CENTRAL_PORT", "port"))
    control_port: int = Field(
        default=8013, ge=0, le=65535, validation_alias=AliasChoices("CENTRAL_CONTROL_PORT", "control_port")
    )
    control_host: str = Field(
        default="127.0.0.1", validation_alias=AliasChoices("CENTRAL_CONTROL_HOST", "control_host")
    )
    """The console can stop a centre: it stays on loopback unless an operator says otherwise."""
    control_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        validation_alias=AliasChoices("CENTRAL_CONTROL_TOKEN", "control_token"),
    )
    """The console's own, for who has no token of the deployment; signed ones are taken too."""
    central_database_url: SecretStr | None = None
    """A password may be in it."""
    uniqueness_delay: float = Field(
        default=30.0,
        ge=0,
        validation_alias=AliasChoices("CENTRAL_UNIQUENESS_DELAY", "uniqueness_delay"),
    )
    """Seconds of the clock between a record's arrival and the decision, until ops say otherwise."""
    journal_rows: int = Field(
        default=200_000,
        ge=1_000,
        validation_alias=AliasChoices("CENTRAL_JOURNAL_ROWS", "journal_rows"),
    )
    """Entries of the journal that are kept on disk, some 110 bytes each; the oldest make room."""

    @field_validator("control_token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        """As compose files say that a variable is not set."""
        return value or None

    @property
    def database_url(self) -> str:
        """Where the centre keeps its records."""
        if self.central_database_url is None:
            return self.sqlite_url("central")
        return self.central_database_url.get_secret_value()
