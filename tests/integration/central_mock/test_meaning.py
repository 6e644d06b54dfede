"""Faults of meaning over the console: how they are ordered, refused and cleared, and that several act together."""

from collections import Counter
from typing import Any, get_args

from pydantic import BaseModel

from services.central_mock.faults.specs.meaning import MeaningFault
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.meaning import (
    PERSONS,
    decided,
    fired,
    post,
    rule,
)

MEANING: tuple[type[BaseModel], ...] = get_args(MeaningFault)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"fault": {"kind": "FORGOTTEN", "after": 3}}, "after"),
    ({"fault": {"kind": "CORRUPT_RECEIPT", "part": "ALL"}}, "part"),
    ({"fault": {"kind": "OLD_BACKUP", "age_seconds": 0}}, "age_seconds"),
    ({"fault": {"kind": "BATCH_HALF_DONE", "share": 1}}, "share"),
    ({"fault": {"kind": "RESULT_TWICE"}, "match": {"endpoints": ["results.get"]}}, "endpoints/0"),
    ({"fault": {"kind": "ANSWER_LOST"}, "match": {"endpoints": ["health.get"]}}, "endpoints/0"),
    ({"fault": {"kind": "OLD_BACKUP"}, "match": {"endpoints": ["records.post"]}}, "endpoints/0"),
]


class TestOrders:
    async def test_each_kind_is_set_over_the_console_and_all_are_cleared_by_one_call(
        self, centre: RunningCentre
    ) -> None:
        kinds = [get_args(each.model_fields["kind"].annotation)[0] for each in MEANING]
        for kind in kinds:
            answer = await centre.control.post("/control/v1/faults", json={"fault": {"kind": kind}})
            assert answer.status_code == 201, answer.text
        listed = (await centre.control.get("/control/v1/faults")).json()["items"]
        assert Counter(each["fault"]["kind"] for each in listed) == Counter(kinds)

        assert (await centre.control.delete("/control/v1/faults")).is_success

        assert (await centre.control.get("/control/v1/faults")).json()["items"] == []

    async def test_an_order_that_can_mean_nothing_is_refused_with_its_reason(
        self, centre: RunningCentre
    ) -> None:
        for order, pointer in REFUSED:
            answer = await centre.control.post("/control/v1/faults", json=order)
            assert answer.status_code == 422, order
            assert answer.json()["errors"][0]["pointer"].endswith(pointer)
            assert answer.json()["errors"][0]["detail"]

    async def test_different_kinds_act_together_on_one_record(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        names = [
            await rule(centre, kind)
            for kind in (
                "APPLIED_TWICE",
                "CLOCK_SKEW",
                "CORRUPT_RECEIPT",
                "RESULT_TWICE",
                "RESULT_OF_ANOTHER",
            )
        ]
        (record,) = await post(centre, PERSONS[0])
        results = await decided(centre, 5)
        assert Counter(each["key"] == record.key for each in results) == {True: 4, False: 1}
        (entry,) = await centre.journal(key=record.key)
        assert set(entry["rules"]) == {"applied_twice", "clock_skew", "corrupt_receipt"}
        assert all(fired(centre, name) >= 1 for name in names)

    async def test_what_is_held_back_comes_as_soon_as_all_is_cleared(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        for kind in ("RESULT_NEVER", "RESULT_LATE", "CHECK_OVERLOADED"):
            await rule(centre, kind)
        await post(centre, *PERSONS[:3])
        await eventually(lambda: fired(centre, "check_overloaded") == 3)

        assert (await centre.control.delete("/control/v1/faults")).is_success

        assert [each["decision"] for each in await decided(centre, 3)] == ["PRINT_READY_RECORD"] * 3
