"""The token endpoint's answer (RFC 6749)."""

from typing import Literal

from pydantic import BaseModel


class TokenAnswer(BaseModel):
    """A bearer token and how many seconds it is good for."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a kind of token, not one
    expires_in: int
