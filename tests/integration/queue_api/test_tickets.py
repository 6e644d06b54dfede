"""A ticket's life over HTTP, and every way it is refused."""

from datetime import timedelta

import sqlalchemy as sa

from services.queue_api.registry import table_of
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.statements import Statement
from shared.contracts.offices import ServiceType
from shared.database import connection_of
from tests.integration.queue_api.front import ELSEWHERE, KABUPATEN, OFFICE, FrontDesk


class TestTakingANumber:
    async def test_the_citizen_learns_where_they_stand(self, desk: FrontDesk) -> None:
        await desk.take_number()
        second = await desk.take_number()
        assert (second["number"], second["ahead"], second["served_today"]) == ("A002", 1, "LIKELY")
        assert second["eta"]["p50_minutes"] == 5
        seen = await desk.look(second)
        assert (seen["number"], seen["state"], seen["ahead"]) == ("A002", "WAITING", 1)
        assert "officer" not in seen and "id" not in seen

    async def test_late_in_the_day_it_is_told_early_that_it_will_not_be_today(self, desk: FrontDesk) -> None:
        desk.set_time("2016-09-16T15:20:00+07:00")
        told = [(await desk.take_number())["served_today"] for _ in range(6)]
        assert (told[0], told[-1]) == ("LIKELY", "NO")

    async def test_a_phone_number_is_unreadable_at_rest_and_in_events(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number(phone="+62 812 3456 7890")
        rows = await desk.runtime.database.read(
            lambda session: (
                connection_of(session).execute(sa.select(table_of(Ticket).c.phone)).scalars().all()
            )
        )
        assert b"3456" not in rows[0]
        assert desk.runtime.cipher.decrypt(rows[0], row=ticket["id"]) == "+62 812 3456 7890"
        assert "3456" not in str(await desk.events())

    async def test_refusals(self, desk: FrontDesk) -> None:
        path = f"/v1/offices/{OFFICE}/tickets"
        for body, pointer in (
            ({}, "/body/service"),
            ({"service": "PASSPORT"}, "/body/service"),
            ({"service": "ENROLMENT", "priority": "VIP"}, "/body/priority"),
            ({"service": "ENROLMENT", "phone": "call me"}, "/body/phone"),
            ({"service": "ENROLMENT", "nik": "3313070101900001"}, "/body/nik"),
        ):
            answer = await desk.post(path, body, role="kiosk")
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "3313070101900001" not in answer.text

    async def test_a_service_the_office_does_not_have_is_refused(self, desk: FrontDesk) -> None:
        known = (await desk.http.get(f"/v1/offices/{OFFICE}")).json()
        known.pop("today")
        only = known | {"services": ["ENROLMENT"], "counters": known["counters"][:1]}
        await desk.http.put(f"/v1/offices/{OFFICE}", json=only, headers=desk.token("supervisor"))
        answer = await desk.post(f"/v1/offices/{OFFICE}/tickets", {"service": "SUKET"})
        assert answer.status_code == 422

    async def test_who_may_not(self, desk: FrontDesk) -> None:
        path, body = f"/v1/offices/{OFFICE}/tickets", {"service": "ENROLMENT"}
        assert (await desk.http.post(path, json=body)).status_code == 401
        expired = desk.token("kiosk", lifetime=-1)
        assert (await desk.http.post(path, json=body, headers=expired)).status_code == 401
        assert (await desk.post(path, body, role="display")).status_code == 403
        assert (await desk.post(path, body, role="kiosk", offices=(ELSEWHERE,))).status_code == 404

    async def test_an_unknown_code_is_not_found(self, desk: FrontDesk) -> None:
        assert (await desk.http.get("/v1/tickets/AAAA-BBBB-CCCC")).status_code == 404


class TestActions:
    async def test_a_whole_service_is_told_to_others_in_order(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        called = await desk.call()
        await desk.do(called, "recall", "start", "park", "resume", "start", "finish")
        told = [event for event in await desk.events() if event.subject == ticket["id"]]
        assert [event.type.split(".")[2] for event in told] == [
            "issued", "called", "called", "serving", "parked", "called", "serving", "completed",
        ]  # fmt: skip
        assert [event.sequence for event in told] == list(range(1, 9))
        assert [event.data["call"] for event in told if "called" in event.type] == [1, 2, 3]

    async def test_an_illegal_move_names_the_state_and_what_is_allowed(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        answer = await desk.act(ticket, "finish")
        assert answer.status_code == 409
        assert answer.json()["state"] == "WAITING"
        assert answer.json()["allowed_actions"] == ["call-next", "cancel", "transfer", "voucher"]

    async def test_finishing_twice_is_refused(self, desk: FrontDesk) -> None:
        await desk.take_number()
        served = await desk.serve_next()
        assert (await desk.act(served, "finish")).json()["allowed_actions"] == []

    async def test_a_missed_call_comes_back_a_few_places_down(self, desk: FrontDesk) -> None:
        await desk.put_policy(reinstate_places=2)
        for _ in range(5):
            await desk.take_number()
        missed = await desk.do(await desk.call(), "no-show", "reinstate")
        assert (await desk.look(missed))["ahead"] == 2
        called = [(await desk.serve_next())["number"] for _ in range(5)]
        assert called == ["A002", "A003", "A001", "A004", "A005"]

    async def test_a_parked_ticket_resumes_at_another_counter(self, desk: FrontDesk) -> None:
        await desk.take_number("SUKET")
        parked = await desk.do(await desk.call("2"), "park")
        resumed = await desk.act(parked, "resume", body={"counter": "1"})
        assert (resumed.json()["counter"], resumed.json()["state"]) == ("1", "CALLED")
        assert (await desk.act(parked, "park")).status_code == 200
        assert (await desk.act(parked, "resume", body={"counter": "77"})).status_code == 404

    async def test_a_parked_ticket_waits_for_a_free_counter(self, desk: FrontDesk) -> None:
        await desk.take_number()
        await desk.take_number()
        parked = await desk.do(await desk.call(), "park")
        await desk.call()
        answer = await desk.act(parked, "resume")
        assert (answer.status_code, answer.json()["title"]) == (409, "The counter has a ticket")

    async def test_a_parked_ticket_cannot_resume_while_its_service_is_stopped(self, desk: FrontDesk) -> None:
        await desk.take_number()
        parked = await desk.do(await desk.call(), "park")
        await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "POWER"})
        answer = await desk.act(parked, "resume")
        assert answer.json()["type"] == "urn:ektp:problem:service-stopped"

    async def test_two_officers_on_one_ticket(self, desk: FrontDesk) -> None:
        await desk.take_number()
        ticket = await desk.call(subject="suparyanti")
        other = await desk.act(ticket, "start", subject="suprayanti")
        assert (other.status_code, other.json()["counter"]) == (409, "1")
        stand_in = await desk.act(ticket, "start", role="supervisor")
        assert stand_in.status_code == 200

    async def test_another_offices_ticket_is_unknown(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        assert (await desk.act(ticket, "cancel", offices=(ELSEWHERE,))).status_code == 404
        assert (await desk.act({"id": "no-such-ticket"}, "cancel")).status_code == 404
        assert (await desk.act(ticket, "cancel", role="kiosk")).status_code == 403

    async def test_an_action_there_is_not_is_refused(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        assert (await desk.act(ticket, "promote")).status_code == 422


class TestTransfers:
    async def test_a_transfer_keeps_the_arrival(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        desk.pass_time(minutes=30)
        await desk.take_number(office=KABUPATEN)
        answer = await desk.act(ticket, "transfer", body={"office": KABUPATEN})
        heir = answer.json()
        assert (answer.status_code, heir["number"], heir["ahead"]) == (201, "A002", 0)
        assert heir["arrived_at"] == ticket["arrived_at"]
        old = await desk.look(ticket)
        assert (old["state"], old["continues_as"]) == ("TRANSFERRED", heir["code"])

    async def test_a_transfer_to_another_service(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        heir = (await desk.act(ticket, "transfer", body={"service": "SUKET"})).json()
        assert heir["number"] == "D001"

    async def test_refusals(self, desk: FrontDesk) -> None:
        ticket = await desk.take_number()
        for body, status in (
            ({}, 422),
            ({"service": "ENROLMENT"}, 422),
            ({"office": ELSEWHERE}, 409),
            ({"office": "33.13.99"}, 404),
            ({"office": "Jakarta"}, 422),
        ):
            assert (await desk.act(ticket, "transfer", body=body)).status_code == status
        assert (await desk.look(ticket))["state"] == "WAITING"


class TestVouchers:
    async def test_a_voucher_brings_the_ticket_back_to_its_place(self, desk: FrontDesk) -> None:
        first = await desk.take_number()
        desk.pass_time(minutes=1)
        await desk.take_number()
        voucher = (await desk.act(first, "voucher")).json()
        assert (await desk.look(first))["voucher"] == voucher["code"]
        back = await desk.post(f"/v1/vouchers/{voucher['code']}/redeem", {"office": OFFICE})
        assert (back.json()["id"], back.json()["state"], back.json()["ahead"]) == (first["id"], "WAITING", 0)

    async def test_a_voucher_is_single_use(self, desk: FrontDesk) -> None:
        voucher = (await desk.act(await desk.take_number(), "voucher")).json()
        path = f"/v1/vouchers/{voucher['code']}/redeem"
        assert (await desk.post(path, {"office": OFFICE})).status_code == 200
        assert (await desk.post(path, {"office": OFFICE})).status_code == 409

    async def test_it_is_good_at_another_office_of_the_kabupaten_on_another_day(
        self, desk: FrontDesk
    ) -> None:
        ticket = await desk.take_number()
        voucher = (await desk.act(ticket, "voucher")).json()
        desk.set_time("2016-09-19T09:00:00+07:00")
        await desk.take_number(office=KABUPATEN)
        answer = await desk.post(
            f"/v1/vouchers/{voucher['code']}/redeem", {"office": KABUPATEN}, offices=(KABUPATEN,)
        )
        heir = answer.json()
        assert (heir["number"], heir["ahead"], heir["day"]) == ("A002", 0, "2016-09-19")
        assert heir["arrived_at"] == ticket["arrived_at"]

    async def test_refusals(self, desk: FrontDesk) -> None:
        voucher = (await desk.act(await desk.take_number(), "voucher")).json()
        path = f"/v1/vouchers/{voucher['code']}/redeem"
        assert (await desk.post(path, {"office": ELSEWHERE}, offices=(ELSEWHERE,))).status_code == 409
        assert (await desk.post(path, {"office": ELSEWHERE})).status_code == 404
        unknown = await desk.post("/v1/vouchers/AAAA-BBBB-CCCC-DDDD/redeem", {"office": OFFICE})
        assert unknown.status_code == 404

    async def test_the_paper_can_be_read_and_its_signature_checked(self, desk: FrontDesk) -> None:
        voucher = (await desk.act(await desk.take_number(), "voucher")).json()
        read = (await desk.http.get(f"/v1/vouchers/{voucher['code']}")).json()
        assert read == voucher
        assert desk.runtime.vouchers.verify(read["signed"]).number == "A001"
        assert (await desk.http.get("/v1/vouchers/AAAA-BBBB")).status_code == 404

    async def test_an_office_that_cannot_look_it_up_takes_the_signature_once(self, desk: FrontDesk) -> None:
        there = Statement(
            code="AAAA-BBBB-CCCC-DDDD",
            ticket="a-ticket-of-another-node",
            number="A050",
            service=ServiceType.ENROLMENT,
            priority=None,
            office=KABUPATEN,
            arrived_at=desk.runtime.clock.now() - timedelta(days=1),
            issued_at=desk.runtime.clock.now(),
            valid_in=KABUPATEN,
        )
        await desk.take_number()
        path = f"/v1/vouchers/{there.code}/redeem"
        body = {"office": OFFICE, "signed": desk.runtime.vouchers.sign(there)}
        forged = await desk.post(path, body | {"signed": body["signed"][:-8] + "AAAAAAAA"})
        assert (forged.status_code, forged.json()["errors"][0]["pointer"]) == (422, "/body/signed")
        other = await desk.post("/v1/vouchers/AAAA-BBBB-CCCC-EEEE/redeem", body)
        assert other.status_code == 422
        back = await desk.post(path, body)
        assert (back.status_code, back.json()["ahead"]) == (200, 0)
        assert (await desk.post(path, body)).status_code == 409

    async def test_what_an_officer_writes_on_it_stays_in_this_office(self, desk: FrontDesk) -> None:
        answer = await desk.act(await desk.take_number(), "voucher", body={"reason": "Bu Fitriyani pulang"})
        assert answer.json()["reason"] == "Bu Fitriyani pulang"
        assert "Fitriyani" not in str(await desk.events())
