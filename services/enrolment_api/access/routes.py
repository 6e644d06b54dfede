"""The token endpoint: OAuth2's password form for people, its client-credentials form for kiosks and displays."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Header, Response

from services.enrolment_api.access.schemas import TokenAnswer
from services.enrolment_api.access.sign_in import TOKEN_SECONDS, WrongCredentials
from services.enrolment_api.runtime import CurrentEnrolment
from shared.problems import InvalidInput

router = APIRouter(prefix="/v1/auth", tags=["access"])

GrantType = Literal["password", "client_credentials"]
Name = Annotated[str | None, Form(min_length=1, max_length=100)]
Secret = Annotated[str | None, Form(min_length=1, max_length=200)]


@router.post("/token")
async def issue_token(
    runtime: CurrentEnrolment,
    response: Response,
    grant_type: Annotated[GrantType, Form()],
    username: Name = None,
    password: Secret = None,
    client_id: Name = None,
    client_secret: Secret = None,
    authorization: Annotated[str | None, Header(description="Basic, with client_credentials")] = None,
) -> TokenAnswer:
    """Sign in with a local account; a wrong password and an unknown name are answered alike."""
    if grant_type == "password":
        name, secret = _both(("username", username), ("password", password))
    elif authorization is not None and client_id is None:
        name, secret = _basic(authorization)
    else:
        name, secret = _both(("client_id", client_id), ("client_secret", client_secret))
    token = await runtime.sign_in.token(name, secret)
    response.headers["Cache-Control"] = "no-store"
    return TokenAnswer(access_token=token, expires_in=TOKEN_SECONDS)


def _both(*fields: tuple[str, str | None]) -> list[str]:
    """The values. Raises InvalidInput for the first that is missing."""
    for name, value in fields:
        if value is None:
            raise InvalidInput.field(f"/body/{name}", "is needed with this grant_type")
    return [value for _, value in fields if value is not None]


def _basic(header: str) -> list[str]:
    """Name and secret of HTTP Basic, form-encoded as RFC 6749 2.3.1 has it. Raises WrongCredentials."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, found, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise WrongCredentials from None
    if scheme.lower() != "basic" or not found:
        raise WrongCredentials
    return [unquote_plus(name), unquote_plus(secret)]
