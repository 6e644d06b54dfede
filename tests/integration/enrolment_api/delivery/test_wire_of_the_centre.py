"""What our forwarder makes of every fault at the socket and in HTTP: the fault fired, and each record is there once.

The real forwarder against the real mock of the centre, on a socket. Both stay up from test to test, as they do in an
office: a fault must leave nothing behind that the next one trips over.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.central_mock.faults.rules.catalogue import specs
from services.central_mock.faults.specs import Kind
from shared.contracts.enrolment import LinkState
from shared.migrations import migrate
from shared.testing.waiting import eventually
from tests.integration.enrolment_api.delivery.real_centre import Pair, running_pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

POST = {"endpoints": ["records.post"]}
FIRST = {"first": 1}


@dataclass(frozen=True)
class Case:
    """A fault, and how it ends: by itself after the first attempt of each record, or when the office has seen it."""

    kind: Kind
    settings: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] | None = field(default_factory=lambda: dict(FIRST))
    """None: on until the test ends it."""
    match: dict[str, Any] = field(default_factory=lambda: dict(POST))
    sent_again: bool | None = None
    """Whether a record that met it is sent a second time; None where either is right."""

    @property
    def id(self) -> str:
        return "-".join([self.kind.value, *(str(each) for each in self.settings.values())])


BEFORE, AFTER = True, False
CASES = [
    Case(Kind.REFUSE, shape=None, match={}),
    Case(Kind.HANG, shape=None, match={}),
    Case(Kind.BLACK_HOLE, sent_again=BEFORE),
    Case(Kind.RESET, sent_again=BEFORE),
    Case(Kind.RESET, shape=None, match={}),
    Case(Kind.RESET_MID_ANSWER, sent_again=AFTER),
    Case(Kind.RESET_MID_ANSWER, {"after_bytes": 0}, sent_again=AFTER),
    Case(Kind.RESET_AFTER_ANSWER, sent_again=AFTER),
    Case(Kind.HALF_CLOSE, sent_again=AFTER),
    Case(Kind.HALF_CLOSE, {"after_bytes": 150}, sent_again=AFTER),
    Case(Kind.DRIP, {"bytes_per_second": 20}, sent_again=AFTER),
    Case(Kind.BANDWIDTH, {"bytes_in_per_second": 4000, "bytes_out_per_second": 4000}, sent_again=AFTER),
    Case(Kind.LATENCY, {"seconds": 12, "jitter": 3, "spread": "UNIFORM"}, sent_again=AFTER),
    Case(Kind.LATENCY, {"seconds": 60}),
    Case(Kind.KEEP_ALIVE_CUT, shape=None),
    Case(Kind.HTTP_503, {"retry_after": 5}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 500}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 502, "body": "HTML"}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 204}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 404, "body": "HTML"}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 429, "retry_after": 20, "retry_after_form": "SECONDS"}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 429, "retry_after": 20, "retry_after_form": "DATE"}, sent_again=BEFORE),
    Case(Kind.STATUS, {"status": 503, "retry_after_form": "GARBAGE"}, sent_again=BEFORE),
    Case(Kind.EMPTY_BODY, sent_again=AFTER),
    Case(Kind.MALFORMED_JSON, sent_again=AFTER),
    Case(Kind.TRUNCATED, {"share": 0.5}, sent_again=AFTER),
    Case(Kind.TRUNCATED, {"share": 0.5, "content_length": False}, sent_again=AFTER),
    Case(Kind.WRONG_CONTENT_LENGTH, {"off_by": 10}, sent_again=AFTER),
    Case(Kind.WRONG_CONTENT_LENGTH, {"off_by": -10}, sent_again=AFTER),
    Case(Kind.CAPTIVE_PORTAL, sent_again=BEFORE),
    Case(Kind.REDIRECT, sent_again=BEFORE),
    Case(Kind.UNAUTHORIZED, sent_again=BEFORE),
    Case(Kind.OVERSIZE, sent_again=AFTER),
    Case(Kind.QUOTA, {"requests": 1, "window_seconds": 30}, shape={}),
    Case(Kind.SLOW_START, {"from_rate": 0.05, "to_rate": 0.5, "seconds": 60}, shape={}),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    home = tmp_path_factory.mktemp("both")
    for service in ("enrolment", "central"):
        name = {"enrolment": "enrolment_api", "central": "central_mock"}[service]
        await _migrated(name, f"sqlite:///{home / service}.db")
    async with running_pair(
        office_url=f"sqlite:///{home / 'enrolment.db'}",
        centre_url=f"sqlite:///{home / 'central.db'}",
        keys=keys,
        home=home,
    ) as running:
        yield running


async def _migrated(service: str, url: str) -> None:
    await asyncio.to_thread(migrate, service, url)  # it runs a loop of its own


@pytest_asyncio.fixture(loop_scope="module")
async def pair(both: Pair) -> AsyncIterator[Pair]:
    """Well, and well again at the end."""
    await eventually(lambda: is_online(both), within=20, saying="the link is well at the beginning")
    yield both
    await both.centre.runtime.rules.clear(why="the test is over")


async def is_online(pair: Pair) -> bool:
    return await pair.office.link() is LinkState.ONLINE


async def is_out(pair: Pair) -> bool:
    return await pair.office.link() in {LinkState.OFFLINE, LinkState.PROBING}


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.id)
async def test_each_record_is_there_once(pair: Pair, case: Case) -> None:
    about: dict[str, Any] = {"match": case.match} if case.match else {}
    about |= {"shape": case.shape} if case.shape else {}
    rule = await pair.rule(case.kind, name="tried", **case.settings, **about)
    ids = await pair.record(2)

    if case.shape is None:
        await ended_when_seen(pair, case, rule)
        await pair.settled()
    else:
        await pair.settled()
        assert pair.fired(rule) >= 1

    if case.sent_again is not None:
        met = [each for each in ids if await meetings(pair, each)]
        assert met
        for each in met:
            assert (await pair.times_sent(each) > 1) is case.sent_again
    assert await pair.office.attempts() == 0, "an outage spends no attempt of a record"
    await pair.once()


async def ended_when_seen(pair: Pair, case: Case, rule: str) -> None:
    """Until the office knows of it; a connection that is cut while idle is no outage, and shows on its next use."""
    if case.kind is Kind.KEEP_ALIVE_CUT:
        await pair.settled()
        await pair.record(1)
        await eventually(lambda: pair.fired(rule) >= 1)
        return
    await eventually(lambda: is_out(pair), within=20, saying="the outage is noticed")
    if case.kind is not Kind.REFUSE:  # the kernel refuses: nobody can count it
        assert pair.fired(rule) >= 1
    await pair.end(rule)


async def meetings(pair: Pair, record_id: str) -> list[dict[str, Any]]:
    """The sendings of a record on which the rule acted."""
    entries = await pair.centre.journal(key=record_id)
    return [each for each in entries if each["method"] == "POST" and "tried" in each["rules"]]


async def test_every_fault_of_the_wire_is_tried() -> None:
    families = {kind for kind, (family, _) in specs().items() if family != "MEANING"}
    assert {each.kind for each in CASES} == families
