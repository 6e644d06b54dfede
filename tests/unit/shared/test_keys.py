"""A deployment's keys: made once, whole, and readable by their owner alone."""

import stat
from pathlib import Path

import pytest

from shared.columns import ColumnCipher
from shared.keys import STAFF, create_keys
from shared.packets import Opener, Sealer
from shared.security import TokenVerifier, sign_token


@pytest.fixture(scope="module")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's, with its staff."""
    directory = tmp_path_factory.mktemp("demo-keys")
    create_keys(directory)
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_making_them_again_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "keys"
    accounts = create_keys(directory)
    before = contents(directory)
    assert create_keys(directory) == accounts
    assert contents(directory) == before
    assert not any(name.endswith(".new") for name in before)


def test_only_the_owner_reads_them(keys_dir: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in keys_dir.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_the_directory_is_closed_to_others(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys", demo=False)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_passwords_are_kept_as_hashes(keys_dir: Path) -> None:
    staff = (keys_dir / STAFF).read_text()
    for account in create_keys(keys_dir):
        assert account.password not in staff
        assert account.username in staff
    assert "$argon2" in staff


def test_two_deployments_share_nothing(keys_dir: Path, tmp_path: Path) -> None:
    create_keys(tmp_path / "other")
    mine, theirs = contents(keys_dir), contents(tmp_path / "other")
    assert [name for name in mine if mine[name] == theirs[name]] == []


@pytest.mark.parametrize("lost", ["token-public.pem", "centre-seal-public.pem", "centre-sign-public.pem"])
def test_a_set_up_that_was_stopped_half_way_is_finished(keys_dir: Path, tmp_path: Path, lost: str) -> None:
    directory = tmp_path / "keys"
    directory.mkdir()
    for name, content in contents(keys_dir).items():
        (directory / name).write_bytes(content)
    (directory / lost).unlink()
    create_keys(directory, demo=False)
    assert contents(directory)[lost] == contents(keys_dir)[lost], "the public half of the key that was kept"
    token = sign_token(directory, subject="s", roles=["ops"], offices=[], lifetime=60)
    assert TokenVerifier.from_directory(directory).verify(token).subject == "s"
    sealed = Sealer.from_directory(directory).seal("r", "p", b"x")
    assert Opener.from_directory(keys_dir).open("r", "p", sealed) == b"x"
    assert ColumnCipher.from_directory(directory).lookup("x") == ColumnCipher.from_directory(keys_dir).lookup(
        "x"
    )


def test_the_real_centres_public_halves_are_never_replaced(keys_dir: Path, tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    directory.mkdir()
    for name, content in contents(keys_dir).items():
        if name not in {"centre-seal-private.pem", "centre-sign-private.pem"}:
            (directory / name).write_bytes(content)
    create_keys(directory)
    for name in ("centre-seal-public.pem", "centre-sign-public.pem"):
        assert contents(directory)[name] == contents(keys_dir)[name]
    assert not (directory / "centre-seal-private.pem").exists()
