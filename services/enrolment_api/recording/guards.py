"""What every use case of recording checks first."""

from services.enrolment_api.recording.domain import TRANSITIONS, Action, Status, allowed_actions
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.problems import CentralLinkRequired, PhotoFirst
from shared.contracts.enrolment import LinkState
from shared.problems import IllegalAction

RETRY_SECONDS = 60


def check_allowed(record: Enrolment, action: Action, *, has_photo: bool) -> None:
    """Raise IllegalAction, or PhotoFirst, when the record's state does not allow the action."""
    status, approved = Status(record.status), record.photo_approved_at is not None
    allowed = allowed_actions(status, has_photo=has_photo, photo_approved=approved)
    if action not in allowed:
        refusal = PhotoFirst if (status, action) in TRANSITIONS else IllegalAction
        raise refusal(action, status, allowed)


def check_link(state: LinkState, *, record_offline: bool) -> None:
    """Raise CentralLinkRequired where the office's policy needs the centre's answer."""
    if not record_offline and state is not LinkState.ONLINE:
        raise CentralLinkRequired(
            "This office records only while the centre can be reached; the link is " + state.value,
            retry_after=RETRY_SECONDS,
            link_state=state.value,
        )
