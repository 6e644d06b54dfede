"""The console's own token: beside the signed ones, for who has no key of the deployment."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from services.central_mock.settings import CentreSettings
from services.ektp.central.control import find_control
from shared.testing.centre import TOKEN, CentreClient, CentreRefused
from tests.integration.central_mock.conftest import RunningCentre, running

OWN = "a token of its own"


@pytest.fixture
async def guarded(keys: Path, sqlite_url: str, tmp_path: Path) -> AsyncIterator[RunningCentre]:
    """A centre with a token of its own."""
    async for each in running(keys, sqlite_url, tmp_path, control_token=SecretStr(OWN)):
        yield each


async def test_who_has_it_sets_faults_and_the_audit_says_console(
    guarded: RunningCentre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(TOKEN, OWN)
    async with CentreClient(str(guarded.control.base_url)) as client:
        async with client.offline("HTTP_503"):
            assert (await guarded.api.get("/central/v1/health")).status_code == 503
        assert {each["by"] for each in (await client.get("audit"))["items"]} == {"console"}
    # The command needs no keys then.
    monkeypatch.setenv("EKTP_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CENTRAL_CONTROL_PORT", str(guarded.control.base_url.port))
    assert (await asyncio.to_thread(find_control().call, "GET", "state"))["fault"] is None


async def test_a_wrong_one_is_not_signed_in_and_a_signed_one_still_is(guarded: RunningCentre) -> None:
    for wrong in (OWN[:-1], OWN + "x", "tök"):
        header = f"Bearer {wrong}".encode("latin-1")
        answer = await guarded.control.get("/control/v1/state", headers={b"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert OWN not in answer.text
    assert (await guarded.control.get("/control/v1/state")).status_code == 200


async def test_without_one_no_token_opens_but_a_signed_one(centre: RunningCentre) -> None:
    with pytest.raises(CentreRefused, match="401"):
        async with CentreClient(str(centre.control.base_url), OWN):
            pass


def test_a_short_one_is_refused_and_an_empty_one_is_none() -> None:
    with pytest.raises(ValidationError, match="16"):
        CentreSettings(control_token=SecretStr("too short"))
    assert CentreSettings(control_token=SecretStr("")).control_token is None
