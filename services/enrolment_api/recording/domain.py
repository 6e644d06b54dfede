"""The states of a record, what may be done in each, and what a whole recording consists of. Pure data and functions."""

from collections.abc import Collection
from enum import StrEnum


class Status(StrEnum):
    """Where a record stands, in SIAK's own words."""

    DRAFT = "DRAFT"
    BIO_CAPTURED = "BIO_CAPTURED"
    SENT_FOR_ENROLLMENT = "SENT_FOR_ENROLLMENT"
    PRINT_READY_RECORD = "PRINT_READY_RECORD"
    ADJUDICATE_RECORD = "ADJUDICATE_RECORD"
    DUPLICATE_RECORD = "DUPLICATE_RECORD"
    ENROLL_FAILURE_AT_CENTRAL = "ENROLL_FAILURE_AT_CENTRAL"
    ENROLL_FAILURE_AT_REGIONAL = "ENROLL_FAILURE_AT_REGIONAL"
    SENT_FOR_CARD_PRINTING = "SENT_FOR_CARD_PRINTING"
    CARD_PRINTED = "CARD_PRINTED"
    CARD_ISSUED = "CARD_ISSUED"


class Action(StrEnum):
    """What an officer, the centre or the printer does to a record."""

    CAPTURE_PHOTO = "capture-photo"
    APPROVE_PHOTO = "photo-approval"
    CAPTURE = "capture"
    EXCEPT = "exception"
    COMPLETE = "complete"
    ACKNOWLEDGE = "acknowledge"
    FIND_MISSING = "find-missing"
    FIND_UNIQUE = "find-unique"
    FIND_DUPLICATE = "find-duplicate"
    ADJUDICATE = "adjudicate"
    FAIL = "fail"
    SEND_TO_PRINT = "send-to-print"
    PRINT = "print"
    HAND_OVER = "hand-over"


# From each of these the centre decides. BIO_CAPTURED is among them because a decision can overtake a lost receipt.
_DECIDED_FROM = (Status.BIO_CAPTURED, Status.SENT_FOR_ENROLLMENT, Status.ADJUDICATE_RECORD)
_DECISIONS = {
    Action.FIND_UNIQUE: Status.PRINT_READY_RECORD,
    Action.FIND_DUPLICATE: Status.DUPLICATE_RECORD,
    Action.ADJUDICATE: Status.ADJUDICATE_RECORD,
    Action.FAIL: Status.ENROLL_FAILURE_AT_CENTRAL,
}

TRANSITIONS: dict[tuple[Status, Action], Status] = {
    (Status.DRAFT, Action.CAPTURE_PHOTO): Status.DRAFT,
    (Status.DRAFT, Action.APPROVE_PHOTO): Status.DRAFT,
    (Status.DRAFT, Action.CAPTURE): Status.DRAFT,
    (Status.DRAFT, Action.EXCEPT): Status.DRAFT,
    (Status.DRAFT, Action.COMPLETE): Status.BIO_CAPTURED,
    (Status.BIO_CAPTURED, Action.ACKNOWLEDGE): Status.SENT_FOR_ENROLLMENT,
    # the centre gave its receipt and has lost the record: it is again only here
    (Status.SENT_FOR_ENROLLMENT, Action.FIND_MISSING): Status.BIO_CAPTURED,
    **{
        (state, action): to for state in _DECIDED_FROM for action, to in _DECISIONS.items() if state is not to
    },
    (Status.PRINT_READY_RECORD, Action.SEND_TO_PRINT): Status.SENT_FOR_CARD_PRINTING,
    (Status.SENT_FOR_CARD_PRINTING, Action.PRINT): Status.CARD_PRINTED,
    (Status.CARD_PRINTED, Action.HAND_OVER): Status.CARD_ISSUED,
}

OFFICERS_ACTIONS = (
    Action.CAPTURE_PHOTO,
    Action.APPROVE_PHOTO,
    Action.CAPTURE,
    Action.EXCEPT,
    Action.COMPLETE,
)
_BEFORE_PHOTO = frozenset({Action.CAPTURE_PHOTO})
_BEFORE_APPROVAL = frozenset({Action.CAPTURE_PHOTO, Action.APPROVE_PHOTO})


class Kind(StrEnum):
    """Why a citizen is recorded."""

    FIRST_TIME = "FIRST_TIME"
    REPLACEMENT_LOST = "REPLACEMENT_LOST"
    REPLACEMENT_DAMAGED = "REPLACEMENT_DAMAGED"
    DATA_CHANGE = "DATA_CHANGE"
    RE_ENROLMENT = "RE_ENROLMENT"


class Modality(StrEnum):
    """What is captured of a person, in the order of the counter."""

    PHOTO = "photo"
    SIGNATURE = "signature"
    FINGER_L1 = "finger-l1"
    FINGER_L2 = "finger-l2"
    FINGER_L3 = "finger-l3"
    FINGER_L4 = "finger-l4"
    FINGER_L5 = "finger-l5"
    FINGER_R1 = "finger-r1"
    FINGER_R2 = "finger-r2"
    FINGER_R3 = "finger-r3"
    FINGER_R4 = "finger-r4"
    FINGER_R5 = "finger-r5"
    IRIS_LEFT = "iris-left"
    IRIS_RIGHT = "iris-right"


ALL_MODALITIES = tuple(modality.value for modality in Modality)


def next_status(status: Status, action: Action) -> Status | None:
    """Where the action leads; None when it is not possible from there."""
    return TRANSITIONS.get((status, action))


def allowed_actions(status: Status, *, has_photo: bool, photo_approved: bool) -> list[Action]:
    """What an officer can do next. The applicant approves the photo before anything else is captured."""
    possible = [action for action in OFFICERS_ACTIONS if (status, action) in TRANSITIONS]
    if photo_approved:
        return possible
    early = _BEFORE_APPROVAL if has_photo else _BEFORE_PHOTO
    return [action for action in possible if action in early]


def capture_action(modality: Modality) -> Action:
    """The photo is an action of its own: it comes first."""
    return Action.CAPTURE_PHOTO if modality is Modality.PHOTO else Action.CAPTURE


def missing_modalities(present: Collection[str]) -> list[str]:
    """What is neither captured nor excepted, in the counter's order."""
    return [modality for modality in ALL_MODALITIES if modality not in present]
