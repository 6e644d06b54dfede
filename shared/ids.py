"""Identifiers: UUIDv7 for rows and events (they sort by time), unguessable codes for what citizens carry."""

import secrets

from uuid_utils import UUID, uuid7

# No 0/O, 1/I/L, U: read aloud over a counter or typed from paper. 30 letters, 12 of them: 58 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTER_OF = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
_TOO_HIGH = bytes(range(240, 256))
"""The bytes past the last whole alphabet are dropped: no letter is likelier than another."""


def new_id() -> str:
    """A UUIDv7 in its text form."""
    return str(uuid7())


def new_code(length: int = 12) -> str:
    """An unguessable code in groups of four, like `7KQM-2XVR-9TCA`."""
    letters = b""
    while len(letters) < length:
        letters += secrets.token_bytes(length).translate(_LETTER_OF, _TOO_HIGH)
    code = letters[:length].decode()
    return "-".join(code[start : start + 4] for start in range(0, length, 4))


def is_id(text: str) -> bool:
    """Whether the text is a UUID, so that an unknown id is told from a malformed one."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
