"""Lists in pages: nothing twice, nothing left out, and a cursor that is not ours is refused."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.ids import new_id
from shared.pages import Page, decode_cursor, encode_cursor, page_of
from shared.problems import InvalidInput


class Row(BaseModel):
    """Something with an id."""

    id: str


def select_page(rows: list[Row], limit: int, cursor: str | None) -> Page[Row]:
    """As a repository does: one more than asked for, after the cursor."""
    after = decode_cursor(cursor) or ""
    return page_of([row for row in rows if row.id > after][: limit + 1], limit)


@given(st.integers(0, 30), st.integers(1, 10))
def test_page_after_page_gives_every_row_once(count: int, limit: int) -> None:
    rows = [Row(id=f"{number:04}") for number in range(count)]
    seen: list[Row] = []
    cursor: str | None = None
    for _ in range(count + 1):
        page = select_page(rows, limit, cursor)
        seen += page.items
        assert len(page.items) <= limit
        if (cursor := page.next_cursor) is None:
            break
    assert cursor is None and seen == rows


def test_a_full_last_page_knows_that_it_is_the_last() -> None:
    rows = [Row(id="1"), Row(id="2")]
    assert page_of(rows, 2).next_cursor is None
    assert page_of([*rows, Row(id="3")], 2).next_cursor is not None


def test_a_cursor_comes_back_as_the_id_it_was_made_of() -> None:
    made = new_id()
    assert decode_cursor(encode_cursor(made)) == made
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    "cursor", ["", "!", "AB CD", "%00", "ü", "=", "A", base64.urlsafe_b64encode(b"a\x00b").decode(), "__8"]
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(cursor)
    assert refused.value.errors[0].pointer == "/query/cursor"


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_it(cursor: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert decode_cursor(cursor)
