"""Reading Content-Digest (RFC 9530)."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.recording.intake import promised_digest
from shared.problems import InvalidInput


@given(st.binary(max_size=64), st.sampled_from(["{0}", "md5=:YQ==:, {0}", "{0};p=1, id=:YQ==:", "  {0}  "]))
def test_the_sha_256_is_found_wherever_it_stands(content: bytes, header: str) -> None:
    digest = hashlib.sha256(content).digest()
    member = f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert promised_digest(header.format(member)) == digest


@given(st.text(max_size=80))
def test_anything_else_is_refused_and_never_a_crash(header: str) -> None:
    with pytest.raises(InvalidInput):
        promised_digest(header)
