"""The keys of a deployment and the demo's staff, made once at set-up.

Who needs which: enrolment_api signs tokens and reads columns (token-private, column.key, lookup.key, staff.json,
the centre's public halves); queue_api verifies tokens (token-public), reads columns (column.key, lookup.key) and signs
vouchers (voucher-private); the centre has its private halves.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.signing import PRIVATE_KEY, PUBLIC_KEY, Role

SEAL_PRIVATE, SEAL_PUBLIC = "centre-seal-private.pem", "centre-seal-public.pem"
SIGN_PRIVATE, SIGN_PUBLIC = "centre-sign-private.pem", "centre-sign-public.pem"
VOUCHER_PRIVATE, VOUCHER_PUBLIC = "voucher-private.pem", "voucher-public.pem"
COLUMN_KEY, LOOKUP_KEY = "column.key", "lookup.key"
STAFF, CREDENTIALS = "staff.json", "demo-credentials.json"

OFFICES = ("33.13.07", "33.13", "33.20", "33.20.08")


@dataclass(frozen=True)
class Credential:
    """One demo account."""

    username: str
    password: str
    roles: tuple[str, ...]
    offices: tuple[str, ...]


def create_keys(directory: Path, *, demo: bool = True) -> list[Credential]:
    """Make what is missing in `directory` (0600 files) and give back the demo accounts, which only a demo has."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _pair(directory, Ed25519PrivateKey.generate, PRIVATE_KEY, PUBLIC_KEY)
    _pair(directory, Ed25519PrivateKey.generate, SIGN_PRIVATE, SIGN_PUBLIC)
    _pair(directory, Ed25519PrivateKey.generate, VOUCHER_PRIVATE, VOUCHER_PUBLIC)
    _pair(directory, X25519PrivateKey.generate, SEAL_PRIVATE, SEAL_PUBLIC)
    for name in (COLUMN_KEY, LOOKUP_KEY):
        if not (directory / name).exists():
            _write(directory / name, secrets.token_bytes(32).hex().encode())
    return _demo_staff(directory) if demo else []


def create_centre_keys(directory: Path) -> None:
    """Make what the demo's centre needs when it runs on its own: its own two pairs, and one to sign tokens of ops."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _pair(directory, Ed25519PrivateKey.generate, PRIVATE_KEY, PUBLIC_KEY)
    _pair(directory, Ed25519PrivateKey.generate, SIGN_PRIVATE, SIGN_PUBLIC)
    _pair(directory, X25519PrivateKey.generate, SEAL_PRIVATE, SEAL_PUBLIC)


def _pair(
    directory: Path, generate: Callable[[], Ed25519PrivateKey | X25519PrivateKey], private: str, public: str
) -> None:
    if (
        directory / public
    ).exists():  # without its private half it is somebody else's, like the real centre's
        return
    key = generate()
    if (directory / private).exists():  # a set-up that was stopped between the two
        kept = serialization.load_pem_private_key((directory / private).read_bytes(), None)
        assert isinstance(kept, (Ed25519PrivateKey, X25519PrivateKey))
        key = kept
    _write(
        directory / private,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    _write(
        directory / public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and on disk: half a key would be kept for ever, and what a lost one sealed stays sealed."""
    whole = path.with_name(f"{path.name}.new")
    whole.unlink(missing_ok=True)
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # else a power cut brings back the file that stood there before, or none
    finally:
        os.close(directory)


def _accounts() -> list[Credential]:
    def made(username: str, role: Role, *offices: str) -> Credential:
        return Credential(username, new_password(), (role.value,), offices)

    return [
        made("officer-ngargoyoso", Role.OFFICER, "33.13.07"),
        made("supervisor-ngargoyoso", Role.SUPERVISOR, "33.13.07"),
        made("kiosk-ngargoyoso", Role.KIOSK, "33.13.07"),
        made("officer-jepara", Role.OFFICER, "33.20"),
        made("supervisor-jepara", Role.SUPERVISOR, "33.20"),
        made("officer-bangsri", Role.OFFICER, "33.20.08"),
        made("disdukcapil-karanganyar", Role.DISDUKCAPIL, "33.13"),
        made("ops", Role.OPS, *OFFICES),
    ]


def _demo_staff(directory: Path) -> list[Credential]:
    """Demo accounts: hashes in staff.json, passwords once in demo-credentials.json (never made for production)."""
    path = directory / CREDENTIALS
    if path.exists() and (directory / STAFF).exists():
        return [
            Credential(each["username"], each["password"], tuple(each["roles"]), tuple(each["offices"]))
            for each in json.loads(path.read_text())
        ]
    accounts = _accounts()
    for each in accounts:
        put_account(directory, each)
    _write(path, json.dumps([each.__dict__ for each in accounts], indent=2).encode())
    return accounts


def put_account(directory: Path, account: Credential) -> None:
    """Add a member of staff to staff.json, or give one a new password, roles and offices."""
    staff = {each["username"]: each for each in read_staff(directory)}
    staff[account.username] = {
        "username": account.username,
        "password_hash": PasswordHasher().hash(account.password),
        "roles": account.roles,
        "offices": account.offices,
    }
    _write(directory / STAFF, json.dumps(list(staff.values()), indent=2).encode())


def remove_account(directory: Path, username: str) -> bool:
    """Take a member of staff out of staff.json; False when there is none of that name."""
    staff = read_staff(directory)
    kept = [each for each in staff if each["username"] != username]
    _write(directory / STAFF, json.dumps(kept, indent=2).encode())
    return len(kept) < len(staff)


def read_staff(directory: Path) -> list[dict[str, Any]]:
    """The accounts as they are stored: no passwords, their hashes."""
    path = directory / STAFF
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def new_password() -> str:
    """Twelve characters that nobody guesses."""
    return secrets.token_urlsafe(9)
