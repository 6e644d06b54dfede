"""Outages: the line is held, kept and released in order; the ledger is filled by events and by hand."""

from datetime import datetime, timedelta

from services.queue_api.outages.link import central_link_changed
from services.queue_api.tickets.records import record_captured
from shared.contracts.queue import Hop
from tests.integration.queue_api.front import OFFICE, FrontDesk


async def power_fails(desk: FrontDesk, **more: object) -> str:
    answer = await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "POWER", **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestTheCentreIsOut:
    async def test_ticket_24_resumes_first_after_an_outage(self, desk: FrontDesk) -> None:
        await desk.put_policy(record_offline=False)
        tickets = [await desk.take_number() for _ in range(26)]
        for _ in range(23):
            await desk.serve_next()
        number_24 = await desk.do(await desk.call(), "start")
        assert number_24["number"] == "A024"

        since = desk.runtime.clock.now()
        await desk.receive(central_link_changed, desk.link_down("outage-1"))
        assert (await desk.look(number_24))["state"] == "HELD"
        assert await desk.call() is None
        citizen_26 = await desk.look(tickets[25])
        assert (citizen_26["state"], citizen_26["ahead"], citizen_26["eta"]) == ("HELD", 2, None)
        assert "not known" in citizen_26["eta_reason"]

        desk.pass_time(hours=2)
        await desk.receive(central_link_changed, desk.link_up("outage-1", since))
        served = [await desk.serve_next() for _ in range(3)]
        assert [ticket["number"] for ticket in served] == ["A024", "A025", "A026"]

    async def test_the_interrupted_one_goes_before_one_who_is_earlier_in_line(self, desk: FrontDesk) -> None:
        await desk.put_policy(record_offline=False)
        first, second = await desk.take_number(), await desk.take_number()
        await desk.do(await desk.call(), "no-show")
        await desk.call("1")  # the second
        since = desk.runtime.clock.now()
        await desk.do(first, "reinstate")
        await desk.receive(central_link_changed, desk.link_down("outage-1"))
        await desk.receive(central_link_changed, desk.link_up("outage-1", since))
        assert (await desk.call())["id"] == second["id"]

    async def test_an_office_that_records_offline_holds_nobody(self, desk: FrontDesk) -> None:
        await desk.take_number()
        await desk.receive(central_link_changed, desk.link_down("outage-1"))
        line = await desk.line_on_board()
        assert (line["mode"], line["waiting"], line["held"]) == ("OFFLINE_RECORDING", 1, 0)
        assert line["eta"] is not None
        assert await desk.call() is not None

    async def test_printing_goes_on_where_recording_stops(self, desk: FrontDesk) -> None:
        await desk.put_policy(record_offline=False)
        await desk.take_number("CARD_PRINTING")
        await desk.receive(central_link_changed, desk.link_down("outage-1"))
        assert (await desk.line_on_board())["mode"] == "PAUSED"
        assert (await desk.line_on_board("CARD_PRINTING"))["mode"] == "NORMAL"
        assert await desk.call("2") is not None

    async def test_the_same_news_twice_is_one_outage(self, desk: FrontDesk) -> None:
        since = desk.runtime.clock.now()
        for change in (desk.link_down("outage-1"), desk.link_down("outage-1", Hop.LINK)):
            await desk.receive(central_link_changed, change)
        desk.pass_time(minutes=130)
        for _ in range(2):
            await desk.receive(central_link_changed, desk.link_up("outage-1", since))
        (outage,) = (await desk.get(f"/v1/offices/{OFFICE}/outages")).json()["items"]
        assert (outage["hop"], outage["by"]) == ("LINK", "central_link")
        assert abs(datetime.fromisoformat(outage["since"]) - since) < timedelta(seconds=1)
        (closed,) = await desk.events("queue.outage.closed")
        assert round(closed.data["minutes"]) == 130

    async def test_a_power_cut_told_after_it_is_over_interrupts_nobody(self, desk: FrontDesk) -> None:
        await desk.take_number()
        called = await desk.call()
        since = desk.runtime.clock.now()
        desk.pass_time(minutes=20)
        over = desk.link_up("outage-1", since).model_copy(update={"hop": Hop.POWER})
        await desk.receive(central_link_changed, over)
        assert (await desk.look(called))["state"] == "CALLED"
        (outage,) = (await desk.get(f"/v1/offices/{OFFICE}/outages")).json()["items"]
        assert outage["until"] is not None and outage["hop"] == "POWER"

    async def test_an_unknown_office_is_passed_over(self, desk: FrontDesk) -> None:
        await desk.receive(central_link_changed, desk.link_down("outage-1"), office="99.99.99")
        assert await desk.events("queue.outage.") == []

    async def test_a_new_policy_takes_effect_during_an_outage(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        await desk.receive(central_link_changed, desk.link_down("outage-1"))
        await desk.put_policy(record_offline=False)
        assert (await desk.look(ticket))["state"] == "HELD"
        await desk.put_policy(record_offline=True)
        assert (await desk.look(ticket))["state"] == "WAITING"


class TestByHand:
    async def test_numbers_taken_during_a_stop_are_held_and_keep_their_order(self, desk: FrontDesk) -> None:
        before = await desk.take_number()
        outage = await power_fails(desk)
        during = await desk.take_number()
        assert (during["state"], during["ahead"], during["served_today"]) == ("HELD", 1, "UNLIKELY")
        assert (await desk.post(f"/v1/outages/{outage}/close")).status_code == 200
        assert (await desk.serve_next())["id"] == before["id"]
        assert (await desk.serve_next())["id"] == during["id"]

    async def test_the_line_is_released_when_the_last_of_two_outages_ends(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        first, second = await power_fails(desk), await power_fails(desk)
        await desk.post(f"/v1/outages/{first}/close")
        assert (await desk.look(ticket))["state"] == "HELD"
        await desk.post(f"/v1/outages/{second}/close")
        assert (await desk.look(ticket))["state"] == "WAITING"

    async def test_a_broken_printer_stops_printing_alone(self, desk: FrontDesk) -> None:
        recording, printing = await desk.take_number(), await desk.take_number("CARD_PRINTING")
        await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "OFFICE", "services": ["CARD_PRINTING"]})
        assert (await desk.look(recording))["state"] == "WAITING"
        assert (await desk.look(printing))["state"] == "HELD"

    async def test_news_of_the_restoration_stand_on_the_board(self, desk: FrontDesk) -> None:
        outage = await power_fails(desk)
        board = (await desk.http.get(f"/v1/offices/{OFFICE}/board")).json()
        assert board["outage"]["expected_restoration"] is None
        assert board["next_update_by"] is not None
        news = {"expected_restoration": "2016-09-16T11:00:00+07:00", "source": "PLN"}
        answer = await desk.http.patch(f"/v1/outages/{outage}", json=news, headers=desk.token("officer"))
        assert answer.status_code == 200
        board = (await desk.http.get(f"/v1/offices/{OFFICE}/board")).json()
        assert (board["outage"]["source"], board["outage"]["hop"]) == ("PLN", "POWER")

    async def test_news_of_one_that_stops_steps_by_name_say_which(self, desk: FrontDesk) -> None:
        steps = ["CARD_PRINTING", "SUKET"]
        told = await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "OFFICE", "services": steps})
        outage = told.json()["id"]
        answer = await desk.http.patch(
            f"/v1/outages/{outage}", json={"note": "a new ribbon"}, headers=desk.token("officer")
        )
        assert (answer.status_code, answer.json()["services"]) == (200, steps)

    async def test_an_expectation_without_a_source_is_refused(self, desk: FrontDesk) -> None:
        outage = await power_fails(desk)
        news = {"expected_restoration": "2016-09-16T11:00:00+07:00"}
        answer = await desk.http.patch(f"/v1/outages/{outage}", json=news, headers=desk.token("officer"))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/body/source")

    async def test_closing_twice_is_refused(self, desk: FrontDesk) -> None:
        outage = await power_fails(desk)
        await desk.post(f"/v1/outages/{outage}/close")
        assert (await desk.post(f"/v1/outages/{outage}/close")).status_code == 409

    async def test_an_outage_of_another_office_is_unknown(self, desk: FrontDesk) -> None:
        outage = await power_fails(desk)
        answer = await desk.post(f"/v1/outages/{outage}/close", offices=("33.20",))
        assert answer.status_code == 404

    async def test_an_outage_cannot_begin_in_the_future(self, desk: FrontDesk) -> None:
        body = {"hop": "POWER", "since": "2016-09-17T08:00:00+07:00"}
        assert (await desk.post(f"/v1/offices/{OFFICE}/outages", body)).status_code == 422

    async def test_the_ledger_is_paged_newest_first(self, desk: FrontDesk) -> None:
        made = [await power_fails(desk) for _ in range(3)]
        page = (await desk.get(f"/v1/offices/{OFFICE}/outages?limit=2")).json()
        rest = (await desk.get(f"/v1/offices/{OFFICE}/outages?cursor={page['next_cursor']}")).json()
        assert [each["id"] for each in page["items"] + rest["items"]] == made[::-1]


class TestRecords:
    async def test_a_captured_record_finishes_its_ticket_once(self, desk: FrontDesk) -> None:
        await desk.take_number()
        ticket = await desk.do(await desk.call(), "start")
        for _ in range(2):
            await desk.receive(record_captured, desk.captured(ticket["id"]))
        assert (await desk.look(ticket))["state"] == "DONE"
        assert len(await desk.events("queue.ticket.completed")) == 1

    async def test_a_record_finishes_a_ticket_that_was_held_meanwhile(self, desk: FrontDesk) -> None:
        await desk.take_number()
        ticket = await desk.do(await desk.call(), "start")
        await power_fails(desk)
        await desk.receive(record_captured, desk.captured(ticket["id"]))
        assert (await desk.look(ticket))["state"] == "DONE"

    async def test_a_record_without_or_with_an_unknown_ticket_changes_nothing(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        await desk.receive(record_captured, desk.captured(None))
        await desk.receive(record_captured, desk.captured("no-such-ticket"))
        await desk.receive(record_captured, desk.captured(ticket["id"]), office="33.20")
        assert (await desk.look(ticket))["state"] == "WAITING"
