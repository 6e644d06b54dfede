"""Who gets in: tokens of ours only, for their roles and their offices."""

import base64
import hashlib
import hmac
import time
from functools import partial
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.keys import create_keys
from shared.problems import NotFound, NotSignedIn
from shared.security import (
    ALGORITHM,
    ISSUER,
    PRIVATE_KEY,
    PUBLIC_KEY,
    Principal,
    Role,
    TokenVerifier,
    sign_token,
)
from tests.unit.shared.small_app import bearer

HS256_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  # {"alg":"HS256","typ":"JWT"}
NONE_HEADER = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}


def claims(**changed: object) -> dict[str, object]:
    now = int(time.time())
    made: dict[str, object] = {
        "iss": ISSUER, "sub": "staff-1", "roles": ["officer"], "offices": ["33.13.07"], "iat": now, "exp": now + 60,
    }  # fmt: skip
    return {name: value for name, value in (made | changed).items() if value is not None}


def signed(keys_dir: Path, **changed: object) -> str:
    key = OKPKey.import_key((keys_dir / PRIVATE_KEY).read_text())
    return jwt.encode({"alg": ALGORITHM}, claims(**changed), key, algorithms=[ALGORITHM])


def test_a_token_of_ours_names_its_bearer(keys_dir: Path) -> None:
    principal = TokenVerifier.from_directory(keys_dir).verify(signed(keys_dir))
    assert principal == Principal("staff-1", frozenset({Role.OFFICER}), frozenset({"33.13.07"}))


@pytest.mark.parametrize(
    "changed",
    [{"exp": 1_473_980_400}, {"exp": None}, {"iss": "other"}, {"iss": None}, {"sub": None}, {"roles": None},
     {"roles": ["king"]}, {"offices": None}, {"exp": "soon"}],
    ids=str,
)  # fmt: skip
def test_a_token_with_wrong_claims_is_refused(keys_dir: Path, changed: dict[str, object]) -> None:
    with pytest.raises(NotSignedIn):
        TokenVerifier.from_directory(keys_dir).verify(signed(keys_dir, **changed))


def test_forged_and_broken_tokens_are_refused(keys_dir: Path, tmp_path: Path) -> None:
    create_keys(tmp_path / "other", demo=False)
    good = signed(keys_dir)
    body = good.split(".")[1]
    with_public_key = f"{HS256_HEADER}.{body}"
    secret = (keys_dir / PUBLIC_KEY).read_bytes()
    code = hmac.new(secret, with_public_key.encode(), hashlib.sha256).digest()
    with_public_key += "." + base64.urlsafe_b64encode(code).decode().rstrip("=")
    forged = [
        signed(tmp_path / "other"), f"{NONE_HEADER}.{body}.", with_public_key, good[:-4] + "AAAA", "", "x", "a.b.c",
        "ü.ü.ü", good + ".x", f"{good.split('.')[0]}.{body}", "." * 50,
    ]  # fmt: skip
    verifier = TokenVerifier.from_directory(keys_dir)
    for token in forged:
        with pytest.raises(NotSignedIn):
            verifier.verify(token)


def test_a_token_from_a_host_whose_clock_is_a_little_ahead_is_good_and_expires_by_ours(
    keys_dir: Path,
) -> None:
    token = sign_token(keys_dir, subject="s", roles=["officer"], offices=[], lifetime=60)
    now = time.time() - 30
    verifier = TokenVerifier((keys_dir / PUBLIC_KEY).read_text(), now=lambda: now)
    verifier.verify(token)
    for clock in (time.time() - 90, time.time() + 61):
        with pytest.raises(NotSignedIn):
            TokenVerifier((keys_dir / PUBLIC_KEY).read_text(), now=partial(float, clock)).verify(token)


def test_a_remembered_token_expires_all_the_same(keys_dir: Path) -> None:
    now = time.time()
    verifier = TokenVerifier((keys_dir / PUBLIC_KEY).read_text(), now=lambda: now)
    token = sign_token(keys_dir, subject="s", roles=["officer"], offices=[], lifetime=60)
    verifier.verify(token)
    now += 61
    with pytest.raises(NotSignedIn, match="expired"):
        verifier.verify(token)


@pytest.mark.parametrize(
    ("own", "stands_in_for"),
    [("kiosk", "kiosk"), ("officer", "officer kiosk"), ("supervisor", "supervisor officer kiosk"),
     ("disdukcapil", "disdukcapil supervisor officer kiosk"), ("ops", "ops"), ("display", "display")],
)  # fmt: skip
def test_a_role_stands_in_for_these_and_no_other(own: str, stands_in_for: str) -> None:
    principal = Principal("s", frozenset({Role(own)}), frozenset())
    assert {role.value for role in Role if principal.has(role)} == set(stands_in_for.split())


@pytest.mark.parametrize(
    ("role", "own", "office", "seen"),
    [("officer", "33.13.07", "33.13.07", True), ("officer", "33.13.07", "33.20.08", False),
     ("officer", "33.13", "33.13.07", False), ("disdukcapil", "33.13", "33.13.07", True),
     ("disdukcapil", "33.13", "33.13", True), ("disdukcapil", "33.13", "33.20.08", False),
     ("disdukcapil", "33.1", "33.13.07", False), ("ops", "33.13", "33.20.08", True)],
)  # fmt: skip
def test_an_office_is_seen_by_its_own_and_by_its_kabupaten(
    role: str, own: str, office: str, seen: bool
) -> None:
    principal = Principal("s", frozenset({Role(role)}), frozenset({own}))
    assert principal.sees(office) is seen
    if not seen:
        with pytest.raises(NotFound):
            principal.check_sees(office)


async def test_the_answers_at_the_door(client: httpx.AsyncClient, keys_dir: Path) -> None:
    path = "/v1/offices/33.13.07/notes"
    officer = bearer(keys_dir, "officer", "33.13.07")
    assert (await client.get(path, headers=officer)).json() == {"who": "staff-1", "office": "33.13.07"}
    unsigned = await client.get(path)
    assert (unsigned.status_code, unsigned.headers["www-authenticate"]) == (401, "Bearer")
    assert (await client.get(path, headers={"Authorization": "Basic eDp4"})).status_code == 401
    assert (await client.get(path, headers=bearer(keys_dir, "kiosk", "33.13.07"))).status_code == 403
    assert (await client.get(path, headers=bearer(keys_dir, "ops"))).status_code == 403
    another = await client.get(path, headers=bearer(keys_dir, "officer", "33.20.08"))
    unknown = await client.get("/v1/offices/99.99/notes", headers=officer)
    assert (another.status_code, unknown.status_code) == (404, 404)
    assert another.json()["title"] == unknown.json()["title"], "what exists elsewhere looks as if it did not"
    assert (await client.get("/v1/needs/kiosk", headers=officer)).status_code == 200
    assert (await client.get("/v1/needs/supervisor", headers=officer)).status_code == 403
