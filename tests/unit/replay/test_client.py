"""The client's patience: one key for a request however often it is sent, and a clock put right before it is."""

from collections.abc import Callable

import httpx
import pytest

from services.ektp.replay import client as replay_client
from services.ektp.replay.client import Caller, Refused, Service, TrioClient, Unreachable

OFFICER = Caller("officer", "token")
URLS = dict.fromkeys(Service, "http://trio")
Answer = Callable[[httpx.Request], httpx.Response]


def problem(status: int, kind: str) -> httpx.Response:
    return httpx.Response(
        status, json={"type": f"urn:ektp:problem:{kind}", "title": kind, "detail": "so it is"}
    )


class Trio:
    """Answers from a list, one after another, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.log: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health/live":
            return httpx.Response(200, json={})
        self.asked.append(request)
        self.log.append("asked")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def returned(self, service: Service) -> None:
        self.log.append(f"{service} corrected")

    def client(self) -> TrioClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return TrioClient(http, URLS, self.returned)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("died while answering"),
        httpx.Response(503, json={"type": "urn:ektp:problem:unavailable"}),
        httpx.Response(502),
        problem(409, "idempotency-key-in-use"),
        problem(429, "too-many-requests"),
    ],
)
async def test_a_request_that_failed_is_sent_again_with_its_key(failure: httpx.Response | Exception) -> None:
    trio = Trio(failure, httpx.Response(200, json={"done": True}))

    answer = await trio.client().post(Service.QUEUE, "/v1/tickets", OFFICER)

    assert answer.json() == {"done": True}
    first, second = (request.headers["Idempotency-Key"] for request in trio.asked)
    assert first == second


async def test_two_requests_have_two_keys() -> None:
    trio = Trio(httpx.Response(200, json={}), httpx.Response(200, json={}))
    client = trio.client()

    await client.post(Service.QUEUE, "/v1/tickets", OFFICER)
    await client.post(Service.QUEUE, "/v1/tickets", OFFICER)

    first, second = (request.headers["Idempotency-Key"] for request in trio.asked)
    assert first != second


async def test_a_service_that_died_gets_its_clock_back_before_anybody_asks_again() -> None:
    trio = Trio(httpx.ConnectError("killed"), httpx.Response(200, json={}))

    await trio.client().get(Service.QUEUE, "/v1/offices")

    assert trio.log == ["asked", "queue_api corrected", "asked"]


async def test_recording_that_needs_the_link_is_refused_at_once() -> None:
    trio = Trio(problem(503, "central-link-required"))

    with pytest.raises(Refused) as refused:
        await trio.client().post(Service.ENROLMENT, "/v1/enrolments", OFFICER, {})

    assert refused.value.needs_link


async def test_a_refusal_says_who_refused_what_and_why() -> None:
    trio = Trio(problem(409, "illegal-action"))

    with pytest.raises(Refused, match="POST queue_api /v1/tickets/1/start: 409 illegal-action: so it is"):
        await trio.client().post(Service.QUEUE, "/v1/tickets/1/start", OFFICER)


async def test_patience_ends_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_client, "PATIENCE", 0.2)
    trio = Trio(*[httpx.Response(503)] * 50)

    with pytest.raises(Unreachable, match=r"no answer for 0\.2 s"):
        await trio.client().get(Service.QUEUE, "/v1/offices")
