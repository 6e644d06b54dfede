"""Each fault of meaning as a client can see it, and that it provably acted."""

from typing import get_args

import pytest

from services.central_mock.faults.specs import Kind
from services.central_mock.faults.specs.meaning import MeaningFault
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.faults.meaning_captures import (
    MEANING_CAPTURES,
    PLAIN_STORY,
    MeaningCapture,
    told,
)
from tests.integration.central_mock.faults.stories import Story

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_with_no_rule_a_record_is_taken_once_and_decided_once(shared: RunningCentre) -> None:
    story = Story(shared)
    await story.begin()
    record = story.record()
    await story.send(record)
    await story.ask(record)
    await story.send(record, "sent again")
    await story.decided(record, "decided", at_least=1)
    assert tuple(story.words) == PLAIN_STORY


@pytest.mark.parametrize("capture", MEANING_CAPTURES, ids=lambda each: each.id)
async def test_a_client_sees_the_fault(shared: RunningCentre, capture: MeaningCapture) -> None:
    story = Story(shared)
    await story.begin()

    if capture.kind is Kind.BATCH_HALF_DONE:
        await half_a_file(story, capture)
    elif capture.kind is Kind.FORGOTTEN:
        await a_forgotten_record(story, capture)
    elif capture.kind is Kind.OLD_BACKUP:
        await an_old_backup(story, capture)
    else:
        await one_record(story, capture)

    assert told(story.words) == capture.shows


async def one_record(story: Story, capture: MeaningCapture) -> None:
    record = story.record()
    await set_rule(story.centre, capture, keys=[record.key])
    await story.send(record)
    await story.ask(record)
    await story.send(record, "sent again")
    await fired(story.centre)
    await story.decided(record, "decided", at_least=capture.decisions)
    if capture.decisions < capture.in_the_end:
        await end(story.centre)
        await story.decided(record, "after the fault", at_least=capture.in_the_end)


async def a_forgotten_record(story: Story, capture: MeaningCapture) -> None:
    record = story.record()
    await set_rule(story.centre, capture, keys=[record.key])
    await story.send(record)

    async def is_gone() -> bool:
        return (await story.centre.api.get(f"/central/v1/records/{record.key}")).status_code == 404

    await eventually(is_gone)
    await fired(story.centre)
    await story.ask(record, "asked a moment later")
    await story.send(record, "sent again")


async def half_a_file(story: Story, capture: MeaningCapture) -> None:
    first, second = story.record(), story.record()
    await set_rule(story.centre, capture)
    await story.carry(first, second)
    await fired(story.centre)
    await story.ask(first, "asked for the first")
    await story.ask(second, "for the second")


async def an_old_backup(story: Story, capture: MeaningCapture) -> None:
    record = story.record()
    await story.send(record)
    await story.decided(record, "decided", at_least=1)
    await set_rule(story.centre, capture, keys=[record.key])
    await fired(story.centre)
    await story.ask(record, "asked when the rule is set")
    await story.send(record, "sent again")


async def set_rule(centre: RunningCentre, capture: MeaningCapture, **match: list[str]) -> None:
    order = {"name": "tried", "fault": capture.fault, "match": match, "shape": capture.shape}
    answer = await centre.control.post("/control/v1/faults", json=order)
    assert answer.status_code == 201, answer.text


async def fired(centre: RunningCentre) -> None:
    async def once() -> bool:
        return bool((await centre.control.get("/control/v1/faults/tried")).json()["fired"])

    await eventually(once, saying="the fault has fired")


async def end(centre: RunningCentre) -> None:
    assert (await centre.control.delete("/control/v1/faults/tried")).status_code == 204


async def test_every_fault_of_meaning_is_captured() -> None:
    kinds = {get_args(each.model_fields["kind"].annotation)[0] for each in get_args(MeaningFault)}
    assert {each.kind for each in MEANING_CAPTURES} == kinds
