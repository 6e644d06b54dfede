"""The sentences of a receipt say what is certain, in every state."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.enrolment_api.receipts.domain import DECIDING, NEEDS_A_LOOK, NOT_YET, Story, sentences
from services.enrolment_api.recording.domain import Status

RECORDED = datetime(2016, 9, 16, 10, 41, tzinfo=ZoneInfo("Asia/Jayapura"))


def told(status: Status, *, sent: bool, needs_a_look: bool = False) -> list[str]:
    return sentences(
        Story(
            status=status,
            office_name="Kecamatan Sentani",
            recorded_at=RECORDED,
            sent_at=RECORDED if sent else None,
            needs_a_look=needs_a_look,
        )
    )


def test_it_says_recorded_here_not_yet_at_the_centre() -> None:
    assert told(Status.BIO_CAPTURED, sent=False) == [
        "Recorded at Kecamatan Sentani on 16 September 2016 at 10:41 WIT; it is safe here.",
        NOT_YET,
    ]
    assert NOT_YET == "Recorded here, not yet at the centre."


def test_it_says_when_the_office_has_to_look() -> None:
    assert told(Status.BIO_CAPTURED, sent=False, needs_a_look=True)[1:] == [NEEDS_A_LOOK]


def test_while_the_centre_decides_no_time_is_promised() -> None:
    assert told(Status.SENT_FOR_ENROLLMENT, sent=True)[1:] == [
        "At the centre since 16 September 2016 at 10:41 WIT.",
        DECIDING,
    ]


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.DRAFT])
def test_every_status_has_something_to_say(status: Status) -> None:
    assert len(told(status, sent=True)) >= 2
