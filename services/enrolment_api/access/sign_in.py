"""Signing in: a password against its argon2 hash, in a thread, taking as long for a name that nobody has."""

import asyncio
import functools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.enrolment_api.access.staff import Account, load_staff
from services.enrolment_api.access.throttle import Throttle
from shared.problems import NotSignedIn, TooMany
from shared.security import sign_token

log = structlog.get_logger()

TOKEN_SECONDS = 12 * 3600
# Hashing takes a core and 64 MB for 0.1 s: a flood of guesses must not take them from the counters.
AT_ONCE = 2


class WrongCredentials(NotSignedIn):
    """The name or the password is wrong."""

    type, title = "wrong-credentials", "Wrong credentials"


@dataclass
class SignIn:
    """Checks passwords and signs tokens with this deployment's key."""

    keys_dir: Path
    staff: Mapping[str, Account]
    now: Callable[[], float] = time.monotonic
    throttle: Throttle = field(init=False)
    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.now)
        self._slots = asyncio.Semaphore(AT_ONCE)

    @functools.cached_property
    def _nobody(self) -> str:
        """What a name that nobody has is checked against."""
        return self.hasher.hash("nobody has this password")

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "SignIn":
        """With the accounts and the key of the deployment."""
        return cls(keys_dir, load_staff(keys_dir))

    async def token(self, username: str, password: str) -> str:
        """A bearer token of TOKEN_SECONDS. Raises WrongCredentials, TooMany."""
        wait = self.throttle.wait(username)
        if wait > 0:
            raise TooMany("Too many wrong passwords for this name", retry_after=math.ceil(wait))
        account = self.staff.get(username)
        async with self._slots:
            right = await asyncio.to_thread(self._matches, account, password)
        if account is None or not right:
            self.throttle.failed(username)
            log.warning("sign_in.refused")
            raise WrongCredentials
        self.throttle.succeeded(username)
        log.info("sign_in.done", by=account.username)
        return sign_token(
            self.keys_dir,
            subject=account.username,
            roles=account.roles,
            offices=account.offices,
            lifetime=TOKEN_SECONDS,
        )

    def _matches(self, account: Account | None, password: str) -> bool:
        nobody = self._nobody  # made at the first sign-in, whoever's it is
        try:
            return self.hasher.verify(account.password_hash if account else nobody, password)
        except (VerificationError, InvalidHashError):
            return False
