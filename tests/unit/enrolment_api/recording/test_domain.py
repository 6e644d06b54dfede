"""The state table: what can follow what, and that the officer always has a next action until the promise."""

from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.recording.domain import (
    ALL_MODALITIES,
    TRANSITIONS,
    Action,
    Modality,
    Status,
    allowed_actions,
    capture_action,
    missing_modalities,
    next_status,
)

FINAL = {
    Status.CARD_ISSUED,
    Status.DUPLICATE_RECORD,
    Status.ENROLL_FAILURE_AT_CENTRAL,
    Status.ENROLL_FAILURE_AT_REGIONAL,
}


@given(st.lists(st.sampled_from(Action), max_size=30))
def test_no_sequence_of_actions_undoes_the_promise(actions: list[Action]) -> None:
    status, promised = Status.DRAFT, False
    for action in actions:
        status = next_status(status, action) or status
        promised = promised or status is Status.BIO_CAPTURED
        assert (status is not Status.DRAFT) == promised


@given(st.sampled_from(Status), st.booleans(), st.booleans())
def test_what_is_allowed_is_in_the_table(status: Status, has_photo: bool, approved: bool) -> None:
    allowed = allowed_actions(status, has_photo=has_photo or approved, photo_approved=approved)
    assert all((status, action) in TRANSITIONS for action in allowed)
    assert bool(allowed) == (status is Status.DRAFT)
    if not approved:
        assert set(allowed) <= {Action.CAPTURE_PHOTO, Action.APPROVE_PHOTO}


def test_every_status_but_the_final_ones_leads_on() -> None:
    leads_on = {source for source, _ in TRANSITIONS}
    assert leads_on | FINAL == set(Status)
    assert not leads_on & FINAL


def test_every_status_is_reached_but_the_regional_failure_which_nothing_here_finds() -> None:
    assert set(Status) - set(TRANSITIONS.values()) == {Status.ENROLL_FAILURE_AT_REGIONAL}


@given(st.sets(st.sampled_from(ALL_MODALITIES)))
def test_what_is_there_and_what_is_missing_are_everything(present: set[str]) -> None:
    missing = missing_modalities(present)
    assert set(missing) | present == set(ALL_MODALITIES)
    assert not set(missing) & present
    assert missing == sorted(missing, key=ALL_MODALITIES.index)


def test_only_the_photo_is_captured_first() -> None:
    assert [each for each in Modality if capture_action(each) is Action.CAPTURE_PHOTO] == [Modality.PHOTO]
