"""What a centre makes for itself in an empty directory, and what it leaves alone."""

import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.central_mock.preparing import NEEDED, prepare_new
from services.central_mock.settings import CentreSettings
from shared.settings import Profile


def settings(home: Path, **more: object) -> CentreSettings:
    return CentreSettings.model_validate({"home": home, **more})


def test_an_empty_directory_is_enough_and_nothing_is_made_twice(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    prepare_new(settings(home))
    made = {name: (home / "keys" / name).read_bytes() for name in NEEDED}
    with sqlite3.connect(home / "central.db") as database:
        assert database.execute("SELECT count(*) FROM record").fetchone() == (0,)
        database.execute("DROP TABLE held_decision")

    prepare_new(settings(home))

    assert {name: (home / "keys" / name).read_bytes() for name in NEEDED} == made
    with sqlite3.connect(home / "central.db") as database, pytest.raises(sqlite3.OperationalError):
        database.execute("SELECT 1 FROM held_decision")


def test_nothing_is_made_in_production(tmp_path: Path) -> None:
    prepare_new(settings(tmp_path, profile=Profile.PRODUCTION))
    assert list(tmp_path.iterdir()) == []


def test_only_keys_where_the_database_is_a_servers(tmp_path: Path) -> None:
    url = SecretStr("postgresql://nobody@127.0.0.1:1/central")
    prepare_new(settings(tmp_path, central_database_url=url))
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
