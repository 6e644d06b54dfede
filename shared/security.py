"""Tokens signed and verified with local keys (JWT, EdDSA), so that signing in never needs the centre."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.problems import NotFound, NotPermitted, NotSignedIn
from shared.signing import ALGORITHM, ISSUER, PRIVATE_KEY, PUBLIC_KEY, Role, sign_token

__all__ = [
    "ALGORITHM", "ISSUER", "PRIVATE_KEY", "PUBLIC_KEY", "Kiosk", "Officer", "OfficerOrOps", "Ops", "Principal", "Role",
    "Signed", "Supervisor", "TokenVerifier", "sign_token",
]  # fmt: skip

# Verifying costs 100 us and a counter sends the same token all day.
CACHED_TOKENS = 4096
CLOCK_SKEW_SECONDS = 60
"""So far the clock of whoever signed a token may be ahead of ours; expiry itself is held to the second."""


# A supervisor can stand in at a counter; the kabupaten's registry can do what its offices can.
STANDS_IN_FOR: dict[Role, frozenset[Role]] = {
    Role.SUPERVISOR: frozenset({Role.OFFICER, Role.KIOSK}),
    Role.DISDUKCAPIL: frozenset({Role.SUPERVISOR, Role.OFFICER, Role.KIOSK}),
    Role.OFFICER: frozenset({Role.KIOSK}),
}


@dataclass(frozen=True)
class Principal:
    """Who is asking: a staff id, roles, and the offices the token names."""

    subject: str
    roles: frozenset[Role]
    offices: frozenset[str]

    def has(self, role: Role) -> bool:
        """Whether one of the roles is, or stands in for, `role`."""
        return any(role is own or role in STANDS_IN_FOR.get(own, ()) for own in self.roles)

    def sees(self, office: str) -> bool:
        """Whether the office is one of the token's; a kabupaten's token sees its kecamatan."""
        if Role.OPS in self.roles or office in self.offices:
            return True
        return Role.DISDUKCAPIL in self.roles and any(office.startswith(f"{own}.") for own in self.offices)

    def check_sees(self, office: str) -> None:
        """Raise NotFound for another office: its existence is none of the caller's business."""
        if not self.sees(office):
            raise NotFound(f"No office {office}")


class TokenVerifier:
    """Checks signature, issuer and expiry; remembers tokens it has checked until they expire."""

    def __init__(self, public_key: str, now: Callable[[], float] = time.time) -> None:
        self._key = OKPKey.import_key(public_key)
        self._now = now
        self._known: dict[str, tuple[Principal, float]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": ISSUER},
            exp={"essential": True},
        )

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "TokenVerifier":
        """With the public key of the deployment."""
        return cls((keys_dir / PUBLIC_KEY).read_text())

    def verify(self, token: str) -> Principal:
        """Who the token names. Raises NotSignedIn."""
        known = self._known.get(token)
        if known is None:
            known = self._decode(token)
            if len(self._known) >= CACHED_TOKENS:
                self._known.clear()
            self._known[token] = known
        principal, expires = known
        if expires <= self._now():
            raise NotSignedIn("The token has expired")
        return principal

    def _decode(self, token: str) -> tuple[Principal, float]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
            principal = Principal(
                subject=str(claims["sub"]),
                roles=frozenset(Role(role) for role in claims["roles"]),
                offices=frozenset(claims["offices"]),
            )
            return principal, float(claims["exp"])
        except JoseError as error:
            reason = "has expired" if error.error == "expired_token" else "is not valid"
            raise NotSignedIn(f"The token {reason}") from error
        except (KeyError, ValueError, TypeError) as error:
            raise NotSignedIn("The token is not valid") from error


class Signed(HTTPBearer):
    """A dependency that lets in any of the roles. Another office in the path answers 404.

    One object from the header to the caller: FastAPI takes 50 us for each dependency of a dependency, and this
    one stands before every request.
    """

    def __init__(self, *roles: Role) -> None:
        super().__init__(
            auto_error=False, scheme_name="HTTPBearer", description="JWT, EdDSA, from POST /v1/auth/token"
        )
        self._roles = roles

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]  # more than the header's text
        """The request's signed-in caller. Raises NotSignedIn, NotPermitted, NotFound."""
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if not token or scheme.lower() != "bearer":
            raise NotSignedIn
        verifier: TokenVerifier = request.app.state.runtime.verifier
        principal = verifier.verify(token)
        if not any(principal.has(role) for role in self._roles):
            raise NotPermitted(f"This needs the role {' or '.join(self._roles)}")
        if office := request.path_params.get("office"):
            principal.check_sees(office)
        return principal


Kiosk = Annotated[Principal, Depends(Signed(Role.KIOSK))]
Officer = Annotated[Principal, Depends(Signed(Role.OFFICER))]
Supervisor = Annotated[Principal, Depends(Signed(Role.SUPERVISOR))]
Ops = Annotated[Principal, Depends(Signed(Role.OPS))]
OfficerOrOps = Annotated[Principal, Depends(Signed(Role.OFFICER, Role.OPS))]
