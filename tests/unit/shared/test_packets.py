"""Packets: the office can close them, only the centre can open them, and only as parts of their own record."""

import contextlib
import hashlib
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.packets import BadPacket, Opener, Sealer, pack, unpack


@pytest.fixture
def sealer(keys_dir: Path) -> Sealer:
    return Sealer.from_directory(keys_dir)


@pytest.fixture
def opener(keys_dir: Path) -> Opener:
    return Opener.from_directory(keys_dir)


def test_what_the_office_sealed_the_centre_opens(sealer: Sealer, opener: Opener) -> None:
    sealed = sealer.seal("record-1", "photo", b"a face")
    assert b"a face" not in sealed and len(sealed) == len(b"a face") + 48
    assert opener.open("record-1", "photo", sealed) == b"a face"
    assert sealer.seal("record-1", "photo", b"a face") != sealed, "two of the same look different"


def test_a_part_can_not_be_moved_changed_or_cut(sealer: Sealer, opener: Opener) -> None:
    sealed = sealer.seal("record-1", "photo", b"a face")
    moved = [("record-2", "photo", sealed), ("record-1", "iris-left", sealed)]
    changed = [sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", b"x" * 48]
    moved += [("record-1", "photo", each) for each in changed]
    for record, part, content in moved:
        with pytest.raises(BadPacket):
            opener.open(record, part, content)


def test_the_office_holds_nothing_to_open_with(sealer: Sealer, keys_dir: Path) -> None:
    assert not hasattr(sealer, "open")
    office = Path(keys_dir / "centre-seal-public.pem").read_text()
    assert "PRIVATE" not in office


def test_the_same_parts_make_the_same_bytes_in_whatever_order() -> None:
    one = pack("record-1", {"b": b"2", "a": b"1"})
    assert hashlib.sha256(one).digest() == hashlib.sha256(pack("record-1", {"a": b"1", "b": b"2"})).digest()


@given(st.text(), st.dictionaries(st.text(), st.binary()))
def test_what_was_packed_is_unpacked(record: str, parts: dict[str, bytes]) -> None:
    assert unpack(pack(record, parts)) == (record, parts)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(content: bytes) -> None:
    with contextlib.suppress(BadPacket):
        unpack(content)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES)
def test_no_content_at_all_breaks_the_reader(version: object, key: object, parts: object) -> None:
    for content in (
        {"version": 1, "key": key, "parts": parts},
        {"version": version, "key": key, "parts": parts},
        key,
    ):
        try:
            _, found = unpack(cbor2.dumps(content))
        except BadPacket:
            continue
        assert all(isinstance(part, bytes) for part in found.values())


def test_a_number_in_the_place_of_a_part_is_not_that_many_zeros() -> None:
    with pytest.raises(BadPacket):
        unpack(cbor2.dumps({"version": 1, "key": "record-1", "parts": {"photo": 10**13}}))


def test_a_packet_of_another_version_is_refused() -> None:
    with pytest.raises(BadPacket, match="version 2"):
        unpack(cbor2.dumps({"version": 2, "key": "record-1", "parts": {}}))
