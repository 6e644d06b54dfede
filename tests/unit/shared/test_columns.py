"""PII at rest: unreadable without the key, bound to its row, found by a keyed hash."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from shared.columns import ColumnCipher
from shared.keys import create_keys

NIK = "3313071609160001"


@pytest.fixture
def cipher(keys_dir: Path) -> ColumnCipher:
    return ColumnCipher.from_directory(keys_dir)


@pytest.mark.parametrize("value", [NIK, "", "Ngargoyoso – Kemuning", "x" * 10_000])
def test_a_value_comes_back_as_it_was(cipher: ColumnCipher, value: str) -> None:
    assert cipher.decrypt(cipher.encrypt(value, row="record-1"), row="record-1") == value


def test_the_same_value_looks_different_in_each_place_and_nowhere_like_itself(cipher: ColumnCipher) -> None:
    stored = {cipher.encrypt(NIK, row=row) for row in ("record-1", "record-1", "record-2")}
    assert len(stored) == 3
    assert not any(NIK.encode() in each for each in stored)


def test_a_value_that_was_moved_or_changed_is_not_read(cipher: ColumnCipher) -> None:
    stored = cipher.encrypt(NIK, row="record-1")
    with pytest.raises(InvalidTag):
        cipher.decrypt(stored, row="record-2")
    with pytest.raises(InvalidTag):
        cipher.decrypt(stored[:-1] + bytes([stored[-1] ^ 1]), row="record-1")


def test_the_lookup_finds_equals_and_says_nothing_without_its_key(
    cipher: ColumnCipher, tmp_path: Path
) -> None:
    assert cipher.lookup(NIK) == cipher.lookup(NIK) != cipher.lookup("3313071609160002")
    assert NIK not in cipher.lookup(NIK)
    create_keys(tmp_path / "others", demo=False)
    assert ColumnCipher.from_directory(tmp_path / "others").lookup(NIK) != cipher.lookup(NIK)
