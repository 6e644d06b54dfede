"""The day's figures and its end: whoever was not served keeps the place, and nobody's ticket is falsified."""

from tests.integration.queue_api.front import OFFICE, FrontDesk

DAY = f"/v1/offices/{OFFICE}/days/2016-09-16"


class TestClosingTheDay:
    async def test_open_tickets_become_vouchers_and_never_no_shows(self, desk: FrontDesk) -> None:
        tickets = [await desk.take_number() for _ in range(5)]
        await desk.serve_next()
        await desk.do(await desk.call(), "no-show")
        await desk.do(await desk.call(), "start")
        closed = (await desk.post(f"{DAY}/close")).json()
        assert (closed["served"], closed["no_shows"], closed["vouchered"], closed["open"]) == (1, 1, 3, 0)
        states = [(await desk.look(ticket))["state"] for ticket in tickets]
        assert states == ["DONE", "NO_SHOW", "VOUCHERED", "VOUCHERED", "VOUCHERED"]
        (told,) = await desk.events("queue.day.closed")
        assert (told.data["issued"], told.data["served"]) == (5, 1)

    async def test_the_reason_says_that_an_outage_was_on(self, desk: FrontDesk) -> None:
        await desk.take_number()
        await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "POWER"})
        closed = (await desk.post(f"{DAY}/close")).json()
        assert (closed["vouchered"], closed["left_during_an_outage"]) == (1, 1)
        (told,) = await desk.events("queue.ticket.vouchered")
        assert "during an outage" in told.data["reason"]

    async def test_no_number_is_issued_on_a_closed_day(self, desk: FrontDesk) -> None:
        await desk.post(f"{DAY}/close")
        answer = await desk.post(f"/v1/offices/{OFFICE}/tickets", {"service": "ENROLMENT"})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ektp:problem:day-closed")
        line = await desk.line_on_board()
        assert (line["eta"], line["eta_reason"]) == (None, "the day is closed")

    async def test_nobody_comes_back_into_a_line_that_was_closed(self, desk: FrontDesk) -> None:
        """Who was let go as a no-show and returns in the evening would wait for ever, without a voucher."""
        ticket = await desk.take_number()
        await desk.do(await desk.call(), "no-show")
        await desk.post(f"{DAY}/close")
        answer = await desk.act(ticket, "reinstate")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ektp:problem:day-closed")

    async def test_a_day_is_closed_once_and_not_before_it_comes(self, desk: FrontDesk) -> None:
        assert (await desk.post(f"{DAY}/close")).status_code == 200
        assert (await desk.post(f"{DAY}/close")).status_code == 409
        assert (await desk.post(f"/v1/offices/{OFFICE}/days/2016-09-17/close")).status_code == 422
        assert (await desk.post(f"/v1/offices/{OFFICE}/days/yesterday/close")).status_code == 422

    async def test_the_next_day_begins_at_one_again_with_kept_places_first(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        await desk.post(f"{DAY}/close")
        code = (await desk.look(ticket))["voucher"]
        desk.set_time("2016-09-19T08:00:00+07:00")
        fresh = await desk.take_number()
        back = (await desk.post(f"/v1/vouchers/{code}/redeem", {"office": OFFICE})).json()
        assert (fresh["number"], back["number"], back["ahead"]) == ("A001", "A002", 0)

    async def test_yesterdays_waiting_tickets_are_not_called_today(self, desk: FrontDesk) -> None:
        await desk.take_number()
        desk.set_time("2016-09-19T08:00:00+07:00")
        assert await desk.call() is None


class TestTheFigures:
    async def test_waits_and_outage_minutes(self, desk: FrontDesk) -> None:
        await desk.take_number()
        desk.pass_time(minutes=30)
        await desk.serve_next()
        outage = (await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "LINK"})).json()["id"]
        desk.pass_time(minutes=60)
        await desk.post(f"/v1/outages/{outage}/close")
        day = (await desk.get(DAY)).json()
        assert (day["issued"], day["served"], day["recorded"]) == (1, 1, 1)
        assert round(day["waited_p50_minutes"]) == 30
        assert {hop: round(minutes) for hop, minutes in day["outage_minutes"].items()} == {"LINK": 60}
        assert day["target"] == 100 and day["target_without_outages"] < 100
        assert day["issued_by_hour"] == {"8": 1}

    async def test_another_offices_day_is_unknown(self, desk: FrontDesk) -> None:
        answer = await desk.http.get(DAY, headers=desk.token("officer", "33.20"))
        assert answer.status_code == 404
