"""What every service is told by its environment; docs/operations.md lists each setting with its default."""

from enum import StrEnum
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from shared import failpoints

# Fields whose own name means something else in every shell: only EKTP_HOME and EKTP_PROFILE set them.
FOREIGN_VARIABLES = {"home", "profile"}


class Profile(StrEnum):
    """How much the process may be played with."""

    DEMO = "demo"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """JSON for machines, console for the person in front of `make run`."""

    JSON = "json"
    CONSOLE = "console"


class ServiceSettings(BaseSettings):
    """The settings that all three services share."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    home: Path = Field(default=Path(".run"), validation_alias=AliasChoices("EKTP_HOME", "home"))
    profile: Profile = Field(default=Profile.DEMO, validation_alias=AliasChoices("EKTP_PROFILE", "profile"))
    bind_host: str = "127.0.0.1"
    broker_url: SecretStr = SecretStr("amqp://guest:guest@127.0.0.1:5672/")
    keys_dir: Path | None = None
    offices_file: Path | None = None
    log_format: LogFormat = LogFormat.JSON
    log_level: str = "INFO"
    clock_speed: float = Field(default=1.0, gt=0)
    failpoints: str | None = Field(
        default=None, validation_alias=AliasChoices(failpoints.VARIABLE, "failpoints")
    )
    """Where the process is to die, fail or freeze (see `shared.failpoints`)."""

    @field_validator("failpoints")
    @classmethod
    def _never_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("profile") is Profile.PRODUCTION:
            raise ValueError("a process in production has no fail points")
        failpoints.check(value or "")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment without the shell's own HOME and PROFILE."""
        assert isinstance(env_settings, EnvSettingsSource)
        own = {name: value for name, value in env_settings.env_vars.items() if name not in FOREIGN_VARIABLES}
        env_settings.env_vars = own
        return init_settings, env_settings

    @property
    def keys(self) -> Path:
        """The folder with this deployment's keys."""
        return self.keys_dir or self.home / "keys"

    def sqlite_url(self, name: str) -> str:
        """The embedded default database of a service."""
        return f"sqlite:///{self.home / f'{name}.db'}"
