"""No body over the limit is read, whether it says its length or not, and the answer is a problem."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from shared import problems
from shared.body_limit import BodyLimit

MOST = 100


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(BodyLimit, most=MOST)

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://office") as opened:
        yield opened


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 10):
        yield b"x" * 10


async def test_a_body_within_the_limit_is_read_whole(client: httpx.AsyncClient) -> None:
    assert (await client.post("/length", content=b"x" * MOST)).json() == MOST


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_a_problem(client: httpx.AsyncClient, declared: bool) -> None:
    content = b"x" * (MOST + 10) if declared else chunks(MOST + 10)
    answer = await client.post("/length", content=content)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
