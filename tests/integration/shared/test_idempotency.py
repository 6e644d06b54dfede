"""Idempotency-Key: one effect and one answer, however often and wherever it is sent."""

import asyncio
from pathlib import Path

import httpx
import pytest

from shared.database import open_database
from shared.keys import create_keys
from tests.integration.shared.notes import numbers
from tests.unit.shared.small_app import bearer, client_of, small_app


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    create_keys(directory, demo=False)
    return directory


async def stored_in(url: str) -> list[int]:
    database = open_database(url)
    found = await database.read(numbers)
    await database.close()
    return found


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


async def test_the_same_key_and_body_give_the_first_answer_again(
    database_url: str, tmp_path: Path, keys_dir: Path
) -> None:
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        first = await client.post("/v1/notes", json={"id": 1}, headers=key("a"))
        again = await client.post("/v1/notes", json={"id": 1}, headers=key("a"))
        assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.content == first.content
        assert again.headers["content-type"] == first.headers["content-type"]
        without_key = await client.post("/v1/notes", json={"id": 1})
        assert without_key.status_code == 500, "a second effect would have met the first one's row"


async def test_the_same_key_with_another_body_path_or_query_is_refused(
    database_url: str, tmp_path: Path, keys_dir: Path
) -> None:
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        await client.post("/v1/notes", json={"id": 1}, headers=key("a"))
        for path, body in (
            ("/v1/notes", {"id": 2}),
            ("/v1/notes?x=1", {"id": 1}),
            ("/v1/nothing", {"id": 1}),
        ):
            other = await client.post(path, json=body, headers=key("a"))
            assert other.status_code == 422, path
            assert other.json()["type"] == "urn:ektp:problem:idempotency-key-reused"
    assert await stored_in(database_url) == [1]


async def test_an_answer_without_a_body_is_given_again_too(
    database_url: str, tmp_path: Path, keys_dir: Path
) -> None:
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        first = await client.post("/v1/nothing", headers=key("a"))
        again = await client.post("/v1/nothing", headers=key("a"))
        assert (first.status_code, again.status_code) == (204, 204)
        assert again.headers["idempotency-replayed"] == "true"


async def test_a_refusal_is_not_kept_and_the_key_can_be_used_again(
    database_url: str, tmp_path: Path, keys_dir: Path
) -> None:
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        refused = await client.post("/v1/notes", json={"id": 1, "text": "refused"}, headers=key("a"))
        assert refused.status_code == 409
        done = await client.post("/v1/notes", json={"id": 1, "text": "now"}, headers=key("a"))
        assert (done.status_code, done.headers.get("idempotency-replayed")) == (201, None)


async def test_the_answer_survives_a_restart(database_url: str, tmp_path: Path, keys_dir: Path) -> None:
    answers: list[httpx.Response] = []
    for _ in range(2):
        async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
            answers.append(await client.post("/v1/notes", json={"id": 1}, headers=key("a")))
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_keys_of_two_callers_never_meet(database_url: str, tmp_path: Path, keys_dir: Path) -> None:
    # "a:b" with "c" and "a" with "b:c" must not become the same key either
    callers = [("a", "b:c", 1), ("a:b", "c", 2), ("other", "c", 3), ("x" * 900, "c" * 200, 4)]
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        for subject, name, number in callers:
            signed = bearer(keys_dir, "officer", "33.13.07", subject=subject)
            answer = await client.post("/v1/notes", json={"id": number}, headers=key(name) | signed)
            assert answer.status_code == 201, answer.text
    assert await stored_in(database_url) == [1, 2, 3, 4]


async def test_twenty_at_once_have_one_effect(database_url: str, tmp_path: Path, keys_dir: Path) -> None:
    async with client_of(small_app(tmp_path, database_url, keys_dir)) as client:
        posts = [client.post("/v1/notes", json={"id": 1}, headers=key("a")) for _ in range(20)]
        answers = await asyncio.gather(*posts)
        statuses = [each.status_code for each in answers]
        assert set(statuses) <= {201, 409} and 201 in statuses
        running = [each for each in answers if each.status_code == 409]
        assert running, "while the first one runs the others are told so"
        assert all(each.json()["type"] == "urn:ektp:problem:idempotency-key-in-use" for each in running)
    assert await stored_in(database_url) == [1]


async def test_two_replicas_with_one_key_at_the_same_instant_have_one_effect(
    postgres_url: str, tmp_path: Path, keys_dir: Path
) -> None:
    apps = [small_app(tmp_path / name, postgres_url, keys_dir) for name in ("one", "two")]
    async with client_of(apps[0]) as one, client_of(apps[1]) as two:
        for number in range(20):
            answers = await asyncio.gather(
                *(
                    each.post("/v1/notes", json={"id": number}, headers=key(f"k{number}"))
                    for each in (one, two)
                )
            )
            for each in answers:
                ran_elsewhere = each.status_code == 409 and each.json()["type"].endswith("key-in-use")
                assert each.status_code == 201 or ran_elsewhere, each.text
            again = await two.post("/v1/notes", json={"id": number}, headers=key(f"k{number}"))
            assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await stored_in(postgres_url) == list(range(20))
