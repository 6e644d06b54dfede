"""Identifiers: UUIDv7 for rows and events (they sort by time), unguessable codes for what citizens carry."""

import secrets

from uuid_utils import UUID, uuid7

# No 0/O, 1/I/L, U: read aloud over a counter or typed from paper. 30 letters, 12 of them: 58 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A UUIDv7 in its text form."""
    return str(uuid7())


def new_code(length: int = 12) -> str:
    """An unguessable code in groups of four, like `7KQM-2XVR-9TCA`."""
    letters = ""
    while (
        len(letters) < length
    ):  # the few bytes past the last whole alphabet are dropped: no letter is likelier
        letters += "".join(
            ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length) if byte < 240
        )
    return "-".join(letters[start : min(start + 4, length)] for start in range(0, length, 4))


def is_id(text: str) -> bool:
    """Whether the text is a UUID, so that an unknown id is told from a malformed one."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
