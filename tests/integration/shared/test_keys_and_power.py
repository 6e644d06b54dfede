"""Whoever was told that an account is made finds it after a power cut, on a real file system."""

from shared.keys import Credential, create_keys, put_account, read_staff, remove_account
from shared.testing.power import PoweredDisk

RANI = Credential("rani", "a password of hers", ("officer",), ("33.13.07",))


def test_keys_and_accounts_are_on_disk_when_the_call_returns(powered_disk: PoweredDisk) -> None:
    keys = powered_disk.path / "keys"
    create_keys(keys)
    put_account(keys, RANI)
    made = {file.name: file.read_bytes() for file in keys.iterdir()}
    powered_disk.cut_power()
    powered_disk.restore_power()
    assert {file.name: file.read_bytes() for file in keys.iterdir()} == made


def test_an_account_that_was_taken_away_stays_away(powered_disk: PoweredDisk) -> None:
    keys = powered_disk.path / "keys"
    create_keys(keys)
    put_account(keys, RANI)
    assert remove_account(keys, "rani")
    powered_disk.cut_power()
    powered_disk.restore_power()
    assert "rani" not in {each["username"] for each in read_staff(keys)}
