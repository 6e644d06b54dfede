"""What may be on its way is not asked for again; what was lost is, once a later question has come back."""

from shared.contracts.marks import MarksTold
from shared.ids import new_id
from shared.messaging.asked import GIVEN_UP_AFTER, UNANSWERED, Asked


def told(question: str | None, *, waiting: int | None = None, top: int = 10) -> MarksTold:
    return MarksTold(after=0, upto=top, top=top, marks={}, waiting=waiting, question=question)


def asked_for_ticket() -> Asked:
    asked = Asked()
    asked.heard(told(None, top=10))
    asked.add(["ticket-1"])
    return asked


def test_an_answer_to_a_question_that_left_before_the_request_says_nothing_of_it() -> None:
    asked = Asked()
    before = asked.question(requests_left=True)
    asked.add(["ticket-1"])
    asked.heard(told(before))
    assert "ticket-1" in asked


def test_an_answer_to_a_question_that_left_after_it_does() -> None:
    asked = asked_for_ticket()
    asked.heard(told(asked.question(requests_left=True)))
    assert "ticket-1" not in asked


def test_a_question_overtakes_requests_that_wait_in_our_own_outbox() -> None:
    asked = asked_for_ticket()
    overtaking = asked.question(requests_left=False)
    asked.heard(told(overtaking))
    assert "ticket-1" in asked
    asked.heard(told(asked.question(requests_left=True)))
    assert "ticket-1" not in asked


def test_what_the_publisher_has_still_to_publish_again_is_on_its_way() -> None:
    asked = asked_for_ticket()
    asked.heard(told(asked.question(requests_left=True), waiting=4))
    assert "ticket-1" in asked
    asked.heard(told(asked.question(requests_left=True), waiting=11, top=12))  # younger than the request
    assert "ticket-1" not in asked


def test_answers_to_other_replicas_and_of_older_publishers_say_nothing() -> None:
    asked = asked_for_ticket()
    asked.question(requests_left=True)
    asked.heard(told(new_id()))
    asked.heard(told(None))
    assert "ticket-1" in asked


def test_what_no_answer_speaks_of_is_asked_for_again_after_a_while() -> None:
    asked = asked_for_ticket()
    for _ in range(GIVEN_UP_AFTER):
        asked.question(requests_left=True)
        asked.heard(told(None))
    assert "ticket-1" in asked
    asked.question(requests_left=True)
    assert "ticket-1" not in asked


def test_questions_that_are_never_answered_are_forgotten_and_the_next_answer_does() -> None:
    asked = asked_for_ticket()
    lost = [asked.question(requests_left=True) for _ in range(UNANSWERED + 1)]
    asked.add(["ticket-2"])
    asked.heard(told(lost[0]))
    asked.heard(told(lost[-1]))
    assert "ticket-2" in asked
    asked.heard(told(asked.question(requests_left=True)))
    assert "ticket-2" not in asked
