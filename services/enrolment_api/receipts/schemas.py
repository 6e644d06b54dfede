"""What anybody who holds a receipt's code is told; nothing that names a person beyond a masked name."""

from pydantic import AwareDatetime, BaseModel

from services.enrolment_api.recording.domain import Status


class ReceiptView(BaseModel):
    """The citizen's truth. Times are in the office's zone; `sentences` say the same in words."""

    number: str
    name: str
    office: str
    office_name: str
    status: Status
    recorded_at: AwareDatetime
    safe_here: bool
    at_centre_since: AwareDatetime | None
    decided_at: AwareDatetime | None
    ready_to_print: bool
    card: str
    sentences: list[str]
    as_of: AwareDatetime
