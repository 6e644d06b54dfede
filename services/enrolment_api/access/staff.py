"""The local accounts: who may sign in, with which roles, for which offices."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.keys import STAFF
from shared.security import Role


class Account(BaseModel):
    """One person or machine. Only the password's hash is kept."""

    model_config = ConfigDict(frozen=True)

    username: str
    password_hash: str
    roles: tuple[Role, ...]
    offices: tuple[str, ...]


_FILE = TypeAdapter(list[Account])


def load_staff(keys_dir: Path) -> dict[str, Account]:
    """The accounts by name; none where the deployment signs its tokens elsewhere and has no staff file."""
    path = keys_dir / STAFF
    if not path.exists():
        return {}
    return {account.username: account for account in _FILE.validate_json(path.read_bytes())}
