"""Who a token can name, and how one is signed: apart from checking them, so that a command need not load a web
framework to sign one.
"""

import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OKPKey

ALGORITHM = "Ed25519"
ISSUER = "ektp"
PRIVATE_KEY = "token-private.pem"
PUBLIC_KEY = "token-public.pem"


class Role(StrEnum):
    """What a token's bearer is."""

    KIOSK = "kiosk"
    DISPLAY = "display"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    DISDUKCAPIL = "disdukcapil"
    OPS = "ops"


def sign_token(
    keys_dir: Path, *, subject: str, roles: Iterable[str], offices: Iterable[str], lifetime: float
) -> str:
    """A bearer token valid for `lifetime` seconds of real time, signed with the deployment's key."""
    key = OKPKey.import_key((keys_dir / PRIVATE_KEY).read_text())
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": subject,
        "roles": [Role(role).value for role in roles],
        "offices": sorted(offices),
        "iat": now,
        "exp": now + int(lifetime),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM])
