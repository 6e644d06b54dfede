"""Splitting a form, whatever is in its parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.centre.records.multipart import split_form
from shared.problems import InvalidInput

BOUNDARY = b"0123456789abcdef"


def form(parts: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; filename="name=x"; name="' + name + b'"\r\n\r\n'
        + content + b"\r\n"
        for name, content in parts
    )  # fmt: skip
    return body + b"--" + BOUNDARY + b"--\r\n"


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_any_bytes_come_out_as_they_went_in(envelope: bytes, packet: bytes) -> None:
    assert BOUNDARY not in envelope + packet
    parts = split_form(form([(b"envelope", envelope), (b"packet", packet)]), BOUNDARY)
    assert parts == {"envelope": envelope, "packet": packet}


@given(st.data())
def test_a_form_that_was_cut_is_never_taken_for_whole(data: st.DataObject) -> None:
    whole = form([(b"envelope", b"{}"), (b"packet", b"\r\n--0123\r\n\r\n")])
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - len(b"--\r\n") - 1))
    with pytest.raises(InvalidInput):
        split_form(whole[:cut], BOUNDARY)
