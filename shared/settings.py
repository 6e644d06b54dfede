"""What every service is told by its environment; docs/operations.md lists each setting with its default."""

from enum import StrEnum
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


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

    @property
    def keys(self) -> Path:
        """The folder with this deployment's keys."""
        return self.keys_dir or self.home / "keys"

    def sqlite_url(self, name: str) -> str:
        """The embedded default database of a service."""
        return f"sqlite:///{self.home / f'{name}.db'}"
