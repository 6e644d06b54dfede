"""Signing in over HTTP with the demo's accounts."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from services.enrolment_api.access.sign_in import SignIn
from services.enrolment_api.access.throttle import FREE_FAILURES
from services.enrolment_api.runtime import EnrolmentRuntime
from shared.keys import CREDENTIALS, create_keys
from tests.integration.enrolment_api.desk import Desk, problem

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TOKEN = "/v1/auth/token"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's keys: hashing its people's passwords takes two seconds, which other tests do without."""
    directory = tmp_path_factory.mktemp("demo-keys")
    create_keys(directory)
    return directory


@pytest.fixture
def account(keys: Path) -> dict[str, Any]:
    """The officer of Ngargoyoso."""
    accounts: list[dict[str, Any]] = json.loads((keys / CREDENTIALS).read_text())
    return accounts[0]


def form(account: dict[str, Any], **changes: str) -> dict[str, str]:
    return {
        "grant_type": "password",
        "username": account["username"],
        "password": account["password"],
    } | changes


async def test_an_officer_signs_in_and_works(desk: Desk, account: dict[str, Any]) -> None:
    answer = await desk.http.post(TOKEN, data=form(account))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 12 * 3600)
    desk.token = answer.json()["access_token"]
    record_id = await desk.start()
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["timeline"][0]["by"] == account["username"]


async def test_a_machine_signs_in_by_form_or_by_basic(desk: Desk, account: dict[str, Any]) -> None:
    name, password = account["username"], account["password"]
    by_form = await desk.http.post(
        TOKEN, data={"grant_type": "client_credentials", "client_id": name, "client_secret": password}
    )
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    by_basic = await desk.http.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert (by_form.status_code, by_basic.status_code) == (200, 200)


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    desk: Desk, account: dict[str, Any]
) -> None:
    wrong = problem(
        await desk.http.post(TOKEN, data=form(account, password="guess")), 401, "wrong-credentials"
    )
    unknown = problem(
        await desk.http.post(TOKEN, data=form(account, username="nobody")), 401, "wrong-credentials"
    )
    del wrong["correlation_id"], unknown["correlation_id"]
    assert wrong == unknown


@pytest.mark.parametrize("header", ["Basic !!!", "Basic YQ==", "Bearer x", "Basic"])
async def test_a_basic_header_that_is_none(desk: Desk, header: str) -> None:
    answer = await desk.http.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    problem(answer, 401, "wrong-credentials")


@pytest.mark.parametrize("missing", ["grant_type", "username", "password"])
async def test_a_form_without_something(desk: Desk, account: dict[str, Any], missing: str) -> None:
    data = {name: value for name, value in form(account).items() if name != missing}
    body = problem(await desk.http.post(TOKEN, data=data), 422, "invalid-input")
    assert body["errors"][0]["pointer"] == f"/body/{missing}"


@pytest.mark.parametrize("known", [True, False])
async def test_guessing_is_slowed_down_for_names_that_exist_and_that_do_not(
    desk: Desk, runtime: EnrolmentRuntime, account: dict[str, Any], known: bool
) -> None:
    seconds = 0.0
    runtime.sign_in = SignIn(desk.keys, runtime.sign_in.staff, now=lambda: seconds)
    name = account["username"] if known else "nobody"
    for _ in range(FREE_FAILURES):
        problem(
            await desk.http.post(TOKEN, data=form(account, username=name, password="x")),
            401,
            "wrong-credentials",
        )
    slowed = await desk.http.post(TOKEN, data=form(account, username=name))
    problem(slowed, 429, "too-many-requests")
    assert slowed.headers["Retry-After"] == "2"
    seconds = 2.0
    after = await desk.http.post(TOKEN, data=form(account, username=name))
    assert after.status_code == (200 if known else 401)
