"""The refusals that only recording knows.

IllegalAction 409
├── PhotoFirst             something is asked before the applicant approved the photo
Incomplete 409             a modality is neither captured nor excepted
AlreadyCaptured 409        an exception for what is there
CentralLinkRequired 503    this office's policy records only while the centre answers
TooYoung 422, WrongDigest 422
"""

from collections.abc import Iterable

from services.enrolment_api.recording.domain import Status
from shared.problems import Conflict, IllegalAction, InvalidInput, Unavailable


class PhotoFirst(IllegalAction):
    """The applicant approves the photo before anything else is captured."""

    type, title = "photo-not-approved", "The photo comes first"


class Incomplete(Conflict):
    """Something is neither captured nor excepted."""

    type, title = "incomplete", "Not everything is captured"

    def __init__(self, missing: Iterable[str]) -> None:
        names = list(missing)
        super().__init__(
            f"Neither captured nor excepted: {', '.join(names)}",
            state=Status.DRAFT,
            missing=names,
            allowed_actions=["capture", "exception"],
        )


class AlreadyCaptured(Conflict):
    """The modality was captured, so nothing is missing."""

    type, title = "already-captured", "Already captured"


class TooYoung(InvalidInput):
    """Recording is allowed from 16 years."""

    type, title = "too-young", "Too young to be recorded"


class WrongDigest(InvalidInput):
    """The bytes are not those that the digest was made of."""

    type, title = "wrong-digest", "Wrong digest"


class CentralLinkRequired(Unavailable):
    """This office records only while the centre can be reached, and it can't."""

    type, title = "central-link-required", "The centre cannot be reached"
