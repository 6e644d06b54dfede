"""The environment of a whole trio: where its state lives, its ports, and what it uses instead of its own."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import LogFormat, Profile

SERVICES = ("queue_api", "enrolment_api", "central_mock")


class TrioSettings(BaseSettings):
    """Read from the environment; docs/operations.md lists each setting with its default."""

    model_config = SettingsConfigDict(extra="ignore")

    home: Path = Field(default=Path(".run"), validation_alias="EKTP_HOME")
    profile: Profile = Field(default=Profile.DEMO, validation_alias="EKTP_PROFILE")
    bind_host: str = "127.0.0.1"
    queue_port: int = Field(default=8001, ge=1, le=65535)
    enrolment_port: int = Field(default=8002, ge=1, le=65535)
    central_port: int = Field(default=8003, ge=1, le=65535)
    central_control_port: int = Field(default=8013, ge=1, le=65535)
    # The private node's port; 0 takes any free one, as does a port that is taken.
    broker_port: int = Field(default=5672, ge=0, le=65535)
    central_control_token: SecretStr | None = None
    broker_url: str | None = None
    queue_database_url: str | None = None
    enrolment_database_url: str | None = None
    central_database_url: str | None = None
    central_url: str | None = None
    keys_dir: Path | None = None
    log_format: LogFormat = LogFormat.CONSOLE

    @property
    def root(self) -> Path:
        """EKTP_HOME, absolute: the children may run from another directory."""
        return self.home.expanduser().resolve()

    @property
    def keys(self) -> Path:
        """The folder with this deployment's keys."""
        return self.keys_dir.expanduser().resolve() if self.keys_dir else self.root / "keys"

    @property
    def database_urls(self) -> dict[str, str]:
        """Each service's own database, by the service's name."""
        return {
            "queue_api": self.queue_database_url or self._sqlite("queue"),
            "enrolment_api": self.enrolment_database_url or self._sqlite("enrolment"),
            "central_mock": self.central_database_url or self._sqlite("central"),
        }

    @property
    def urls(self) -> dict[str, str]:
        """Where a client on this machine finds each part."""
        host = "127.0.0.1" if self.bind_host in {"0.0.0.0", "::"} else self.bind_host
        # The console is for this machine, wherever the services listen.
        hosts = {"central_control": "127.0.0.1"}
        ports = {
            "queue_api": self.queue_port,
            "enrolment_api": self.enrolment_port,
            "central_mock": self.central_port,
            "central_control": self.central_control_port,
        }
        return {name: f"http://{hosts.get(name, host)}:{port}" for name, port in ports.items()}

    def _sqlite(self, name: str) -> str:
        return f"sqlite:///{self.root / f'{name}.db'}"


def without_password(url: str) -> str:
    """The URL as it may be shown on a screen."""
    from sqlalchemy.engine import make_url  # 0.5 s that most commands have no use for

    return make_url(url).render_as_string(hide_password=True)
