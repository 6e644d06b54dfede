"""The express lane answers what the framework's own way answers, and takes no endpoint that it can't serve whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from shared.express import open_express_lane
from shared.idempotency import CurrentMutation
from shared.problems import IllegalAction
from shared.runtime import CurrentRuntime
from shared.security import Officer
from tests.integration.shared.notes import Note, create_tables
from tests.unit.shared.small_app import bearer, client_of, small_app

OFFICE = "33.13.07"


class Done(BaseModel):
    """What is answered."""

    note: str
    by: str


router = APIRouter(prefix="/v1")


@router.post("/offices/{office}/notes/{number}/done", response_model=Done)
async def done(
    request: Request, officer: Officer, mutation: CurrentMutation, office: str, number: str
) -> Response:
    def use_case(session: Session) -> Done:
        if number == "0":
            raise IllegalAction("done", "NEW", ["open"])
        session.add(Note(id=int(number)))
        return Done(note=f"{office}/{number}", by=officer.subject)

    assert request.method == "POST"
    return await mutation.answer(use_case)


class Wanted(BaseModel):
    """What may be asked for."""

    model_config = ConfigDict(extra="forbid")

    words: list[str]


@router.post("/offices/{office}/said", response_model=Done)
async def said(
    office: str,
    runtime: CurrentRuntime,
    officer: Officer,
    mutation: CurrentMutation,
    given: Wanted | None = None,
) -> Response:
    assert runtime.settings.home
    words = given.words if given else ["nothing"]
    return await mutation.answer(lambda _: Done(note=" ".join([office, *words]), by=officer.subject))


@router.get("/many")
async def many(limit: Annotated[int, Query()] = 1) -> Response:
    return Response(str(limit))


@router.post("/must")
async def must(given: Wanted) -> Response:
    return Response(" ".join(given.words))


async def opened(home: Path, keys_dir: Path, *, express: bool) -> FastAPI:
    """The app with the endpoint reached one way or the other."""
    home.mkdir()
    url = f"sqlite:///{home / 'small.db'}"
    await create_tables(url)
    app = small_app(home, url, keys_dir)
    app.include_router(router)
    if express:
        open_express_lane(app, [router], done)
        open_express_lane(app, [router], said)
    return app


@pytest.fixture
async def both(tmp_path: Path, keys_dir: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each."""
    framework = await opened(tmp_path / "framework", keys_dir, express=False)
    lane = await opened(tmp_path / "lane", keys_dir, express=True)
    async with client_of(framework) as first, client_of(lane) as second:
        yield [first, second]


CALLS = {
    "done": ("officer", OFFICE, "7", {"Idempotency-Key": "k"}),
    "without a key": ("officer", OFFICE, "7", {}),
    "refused": ("officer", OFFICE, "0", {"Idempotency-Key": "k"}),
    "key too long": ("officer", OFFICE, "7", {"Idempotency-Key": "k" * 201}),
    "empty key": ("officer", OFFICE, "7", {"Idempotency-Key": ""}),
    "wrong role": ("kiosk", OFFICE, "7", {}),
    "another office": ("officer", "33.20.08", "7", {}),
    "not signed in": (None, OFFICE, "7", {}),
}


@pytest.mark.parametrize("name", CALLS)
async def test_both_ways_answer_the_same(both: list[httpx.AsyncClient], keys_dir: Path, name: str) -> None:
    role, office, number, headers = CALLS[name]
    signed = bearer(keys_dir, role, OFFICE) if role else {}
    told = []
    for client in both:
        answer = await client.post(f"/v1/offices/{office}/notes/{number}/done", headers=signed | headers)
        body = {key: value for key, value in answer.json().items() if key not in {"correlation_id", "errors"}}
        fields = [each["pointer"] for each in answer.json().get("errors", [])]
        told.append((answer.status_code, answer.headers["content-type"], body, fields))
    if name in {"key too long", "empty key"}:  # the sentence is the framework's own
        told = [(status, media, {**body, "detail": ""}, fields) for status, media, body, fields in told]
    assert told[0] == told[1]


BODIES: dict[str, tuple[bytes, str | None]] = {
    "none": (b"", None),
    "none, said to be JSON": (b"", "application/json"),
    "whole": (b'{"words": ["a", "b"]}', "application/json"),
    "with a charset": (b'{"words": ["a"]}', "application/json; charset=utf-8"),
    "of a JSON kind": (b'{"words": ["a"]}', "application/merge-patch+json"),
    "in UTF-16": ('{"words": ["a"]}'.encode("utf-16"), "application/json"),
    "null": (b"null", "application/json"),
    "a field missing": (b"{}", "application/json"),
    "a field too many": (b'{"words": [], "more": 1}', "application/json"),
    "another kind of value": (b'{"words": [1]}', "application/json"),
    "twice the same": (b'{"words": ["a"], "words": ["b"]}', "application/json"),
    "a list": (b"[]", "application/json"),
    "cut short": (b'{"words": ["a"', "application/json"),
    "no text": (b"\xff\xfe\x00", "application/json"),
    "of no kind": (b'{"words": ["a"]}', None),
    "of another kind": (b'{"words": ["a"]}', "text/plain"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_both_ways_read_a_body_alike(both: list[httpx.AsyncClient], keys_dir: Path, name: str) -> None:
    content, media = BODIES[name]
    headers = bearer(keys_dir, "officer", OFFICE) | ({"Content-Type": media} if media else {})
    told = []
    for client in both:
        answer = await client.post(f"/v1/offices/{OFFICE}/said", headers=headers, content=content)
        body = {key: value for key, value in answer.json().items() if key != "correlation_id"}
        told.append((answer.status_code, answer.headers["content-type"], body))
    assert told[0] == told[1]


async def test_a_bad_body_of_nobody_is_refused_alike(both: list[httpx.AsyncClient]) -> None:
    answers = [await client.post(f"/v1/offices/{OFFICE}/said", json={"words": 1}) for client in both]
    assert [each.status_code for each in answers] == [401, 401]


async def test_a_key_is_bound_to_the_body_on_both_ways(both: list[httpx.AsyncClient], keys_dir: Path) -> None:
    headers = bearer(keys_dir, "officer", OFFICE) | {"Idempotency-Key": "once"}
    for client in both:
        answers = [
            await client.post(f"/v1/offices/{OFFICE}/said", headers=headers, json={"words": [word]})
            for word in ("a", "a", "b")
        ]
        assert [each.status_code for each in answers] == [200, 200, 422]


async def test_a_retry_by_the_lane_is_replayed(both: list[httpx.AsyncClient], keys_dir: Path) -> None:
    headers = bearer(keys_dir, "officer", OFFICE) | {"Idempotency-Key": "once"}
    path = f"/v1/offices/{OFFICE}/notes/7/done"
    first, again = [await both[1].post(path, headers=headers) for _ in range(2)]
    other = await both[1].post(path, headers=headers, json={"another": "body"})
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert again.headers["idempotency-replayed"] == "true" and again.content == first.content


async def test_another_method_on_the_path_is_told_so(both: list[httpx.AsyncClient]) -> None:
    answers = [await client.get(f"/v1/offices/{OFFICE}/notes/7/done") for client in both]
    assert [each.status_code for each in answers] == [405, 405]


def test_an_endpoint_that_needs_more_than_the_request_is_refused() -> None:
    with pytest.raises(TypeError, match="limit"):
        open_express_lane(FastAPI(), [router], many)


def test_an_endpoint_that_must_have_a_body_is_refused() -> None:
    with pytest.raises(TypeError, match="given"):
        open_express_lane(FastAPI(), [router], must)
