"""Answers that tell something else than is kept: spoiled receipts, a wrong clock, reads that lag behind."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from cryptography.exceptions import InvalidSignature

from shared.contracts.central import SignedReceipt
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.meaning import (
    PERSONS,
    check,
    decided,
    end,
    fired,
    held,
    post,
    rule,
    told,
)
from tests.integration.central_mock.office import NGARGOYOSO


class TestCorruptReceipt:
    @pytest.mark.parametrize("part", ["HASH", "SIGNATURE", "KEY"])
    async def test_one_part_is_wrong_in_what_goes_out_and_nothing_in_what_is_kept(
        self, centre: RunningCentre, part: str
    ) -> None:
        name = await rule(centre, "CORRUPT_RECEIPT", part=part)
        record = centre.office.prepare()
        wrong = [
            SignedReceipt.model_validate(answer.json())
            for answer in (
                await centre.office.post(record),
                await centre.api.get(f"/central/v1/records/{record.key}"),
            )
        ]
        assert fired(centre, name) == 2
        await end(centre, name)
        right = SignedReceipt.model_validate((await centre.office.post(record)).json())
        check(centre, right)
        for each in wrong:
            differing = {
                field for field in SignedReceipt.model_fields if getattr(each, field) != getattr(right, field)
            }
            match part:
                case "HASH":
                    assert differing == {"packet_sha256", "signature"}
                    check(centre, each)
                case "KEY":
                    assert differing == {"key", "signature"}
                    check(centre, each)
                case _:
                    assert differing == {"signature"}
                    with pytest.raises(InvalidSignature):
                        check(centre, each)
        assert (await centre.verify(records=[{"key": record.key, "sha256": record.sha256}]))["ok"]


class TestClockSkew:
    async def test_receipts_results_health_and_the_date_are_off_and_the_rest_is_not(
        self, centre: RunningCentre
    ) -> None:
        await centre.decide_at_once()
        day = timedelta(days=1)
        name = await rule(centre, "CLOCK_SKEW", seconds=-day.total_seconds())
        record = centre.office.prepare()
        now = centre.runtime.clock.now()

        posted = await centre.office.post(record)
        health = await centre.api.get("/central/v1/health")
        (result,) = await decided(centre, 1, record)

        receipt = SignedReceipt.model_validate(posted.json())
        check(centre, receipt)
        said = [
            receipt.received_at,
            parsedate_to_datetime(posted.headers["date"]),
            datetime.fromisoformat(health.json()["at"]),
            datetime.fromisoformat(result["decided_at"]),
        ]
        assert [abs(each + day - now) < timedelta(minutes=1) for each in said] == [True] * 4
        assert fired(centre, name) >= 3
        await end(centre, name)
        (result,) = await told(centre)
        assert abs(datetime.fromisoformat(result["decided_at"]) - now) < timedelta(minutes=1)
        again = await centre.office.post(record)
        assert SignedReceipt.model_validate(again.json()) == receipt
        assert abs(parsedate_to_datetime(again.headers["date"]) - now) < timedelta(minutes=1)


class TestStaleRead:
    async def test_a_look_up_and_a_reconciliation_do_not_see_what_just_came(
        self, centre: RunningCentre
    ) -> None:
        name = await rule(centre, "STALE_READ", seconds=600)
        (record,) = await post(centre, PERSONS[0])
        assert not await held(centre, record)
        entry = {"key": record.key, "sha256": record.sha256}
        day = {"office": NGARGOYOSO, "date": "2016-09-16", "entries": [entry]}
        stale = (await centre.api.post("/central/v1/reconciliations", json=day)).json()
        assert stale == {"missing": [record.key], "mismatched": [], "unexpected": []}
        assert fired(centre, name) == 2
        assert (await centre.office.post(record)).status_code == 200

        later = centre.runtime.clock.now() + timedelta(seconds=601)
        await centre.control.put("/control/v1/clock", json={"start": later.isoformat(), "speed": 1})

        assert await held(centre, record)
        assert (await centre.api.post("/central/v1/reconciliations", json=day)).json()["missing"] == []
        assert fired(centre, name) == 2
