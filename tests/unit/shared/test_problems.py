"""Every refusal is a problem+json with the trace's id, and none tells what was typed or what broke."""

from collections.abc import Mapping

import httpx
import pytest

from shared.problems import (
    Conflict,
    IllegalAction,
    InvalidInput,
    NotFound,
    NotPermitted,
    NotSignedIn,
    Problem,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedMedia,
)
from tests.unit.shared.small_app import SECRET

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NIK = "3313071609160001"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
JSON = {"content-type": "application/json"}


def check_is_problem(answer: httpx.Response, status: int) -> Mapping[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "correlation_id", "errors"} <= body.keys()
    assert body["status"] == status
    assert body["correlation_id"] == TRACE
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert SECRET not in answer.text and NIK not in answer.text and "Traceback" not in answer.text
    return body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", f"/v1/nowhere/{NIK}", 404), ("DELETE", "/v1/notes", 405),
     ("GET", "/v1/offices/33.13/notes", 401), ("GET", "/v1/fails/http", 418)],
)  # fmt: skip
async def test_what_the_framework_refuses_is_a_problem_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    check_is_problem(await client.request(method, path, headers=PARENT), status)


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/v1/notes")).headers["allow"] == "POST"


async def test_the_unexpected_is_answered_without_a_trace_and_logged_with_it(
    client: httpx.AsyncClient, logged: list[dict[str, object]]
) -> None:
    body = check_is_problem(await client.get("/v1/fails/unexpectedly", headers=PARENT), 500)
    assert "logged" in str(body["detail"])
    failed = [entry for entry in logged if entry["event"] == "request.failed"]
    assert len(failed) == 1 and isinstance(failed[0]["exc_info"], RuntimeError)


async def test_a_client_that_goes_away_is_no_bug(
    client: httpx.AsyncClient, logged: list[dict[str, object]]
) -> None:
    check_is_problem(await client.get("/v1/fails/client", headers=PARENT), 400)
    assert not [entry for entry in logged if entry["event"] == "request.failed"]


async def test_a_database_that_is_down_is_said_with_when_to_try_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/fails/database", headers=PARENT)
    check_is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/body/id"]),
        ({"id": -1, "text": NIK * 3}, ["/body/id", "/body/text"]),
        ({"id": NIK + "x"}, ["/body/id"]),
        ({"id": 1, "counts": {"a/b~c": "x"}}, ["/body/counts/a~1b~0c"]),
        ({"id": 1, "counts": {NIK: NIK + "x"}}, ["/body/counts/[nik]"]),
        ([], ["/body"]),
    ],
    ids=str,
)
async def test_invalid_fields_are_pointed_at_and_never_repeated(
    client: httpx.AsyncClient, body: object, pointers: list[str]
) -> None:
    problem = check_is_problem(await client.post("/v1/notes", json=body, headers=PARENT), 422)
    errors = problem["errors"]
    assert isinstance(errors, list)
    assert [each["pointer"] for each in errors] == pointers
    assert all(each["detail"] for each in errors)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"id": 1', b"", b'"\\ud800"'])
async def test_what_is_no_json_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    check_is_problem(await client.post("/v1/notes", content=body, headers=PARENT | JSON), 422)


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
async def test_another_media_type_is_415(client: httpx.AsyncClient, media: str) -> None:
    answer = await client.post("/v1/notes", content=b'{"id": 1}', headers=PARENT | {"content-type": media})
    check_is_problem(answer, 415)


async def test_an_illegal_action_names_the_state_and_what_is_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json={"id": 1, "text": "refused"}, headers=PARENT)
    body = check_is_problem(answer, 409)
    assert (body["state"], body["allowed_actions"]) == ("FULL", ["empty"])
    assert "FULL" in str(body["detail"]) and "empty" in str(body["detail"])


@pytest.mark.parametrize(
    ("problem", "status"),
    [(InvalidInput, 422), (NotSignedIn, 401), (NotPermitted, 403), (NotFound, 404), (Conflict, 409), (TooLarge, 413),
     (UnsupportedMedia, 415), (TooMany, 429), (Unavailable, 503)],
)  # fmt: skip
def test_each_class_has_its_status_and_says_something(problem: type[Problem], status: int) -> None:
    made = problem()
    assert made.status == status and made.detail and made.title
    assert issubclass(IllegalAction, Conflict)


@pytest.mark.parametrize("given", ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-ABC-1-01"])
async def test_a_trace_that_is_none_is_replaced_by_one_of_ours(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/nowhere", headers={"traceparent": given})
    trace = answer.json()["correlation_id"]
    assert len(trace) == 32 and trace.strip("0") and trace == answer.headers["traceparent"].split("-")[1]
