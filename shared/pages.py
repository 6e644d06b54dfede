"""Lists: `?limit=&cursor=` in, `{items, next_cursor}` out, in a stable order by id (UUIDv7 sorts by time)."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from shared.problems import InvalidInput

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None


def encode_cursor(last_id: str) -> str:
    """An opaque cursor after that id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The id a cursor stands for. Raises InvalidInput."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        last_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        if not last_id or not last_id.isprintable():
            raise ValueError("no id of ours")
        return last_id
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput.field("/query/cursor", "not a cursor of ours") from error


def page_of(rows: list[Item], limit: int, key: str = "id") -> Page[Item]:
    """A page from `limit + 1` rows that were asked for, so that the last page knows that it is the last."""
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items=items, next_cursor=encode_cursor(str(getattr(items[-1], key))) if more else None)
