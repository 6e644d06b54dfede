"""Who may use the console: ops with a token that the deployment's key has signed, or whoever has the console's own."""

from hmac import compare_digest
from pathlib import Path

from pydantic import SecretStr

from shared.security import PUBLIC_KEY, Principal, Role, TokenVerifier

CONSOLE = Principal(subject="console", roles=frozenset({Role.OPS}), offices=frozenset())
"""Whoever has the console's own token: nobody knows who, and it stands so in the audit."""


class ConsoleVerifier(TokenVerifier):
    """Takes the console's own token beside signed ones, if one was set."""

    def __init__(self, public_key: str, own: SecretStr | None = None) -> None:
        super().__init__(public_key)
        self._own = None if own is None else own.get_secret_value().encode()

    @classmethod
    def with_own(cls, keys_dir: Path, own: SecretStr | None) -> "ConsoleVerifier":
        """With the public key of the deployment."""
        return cls((keys_dir / PUBLIC_KEY).read_text(), own)

    def verify(self, token: str) -> Principal:
        """Who the token names. Raises NotSignedIn."""
        if self._own is not None and compare_digest(token.encode(), self._own):
            return CONSOLE
        return super().verify(token)
