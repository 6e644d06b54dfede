"""What recording takes and answers over HTTP."""

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.recording.biodata import Biodata
from services.enrolment_api.recording.domain import Action, Kind, Modality, Status
from services.enrolment_api.recording.nik import ImpossibleNik, parse_nik
from shared.contracts.central import RecordKey
from shared.contracts.offices import OfficeCode

StaffId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnrolmentStart(_Request):
    """Who is to be recorded, and why."""

    office: OfficeCode
    nik: str
    biodata: Biodata
    kind: Kind
    ticket_id: RecordKey | None = None
    supersedes: RecordKey | None = Field(
        default=None, description="With RE_ENROLMENT: the record it replaces"
    )

    @field_validator("nik")
    @classmethod
    def _possible(cls, nik: str) -> str:
        try:
            parse_nik(nik)
        except ImpossibleNik as error:
            raise ValueError(str(error)) from error
        return nik


class PhotoApproval(_Request):
    """The applicant has seen the photo; false asks for another."""

    approved: bool = True


class ExceptionRequest(_Request):
    """A finger or an eye that cannot be captured, confirmed by a second officer."""

    modality: Modality
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
    approved_by: StaffId


class NikNotice(BaseModel):
    """Something that does not fit; the recording goes on."""

    code: str
    detail: str


class Receipt(BaseModel):
    """What the citizen carries home."""

    number: str
    code: str


class EnrolmentState(BaseModel):
    """Where the recording stands and what can be done next."""

    id: str
    office: str
    kind: Kind
    status: Status
    ticket_id: str | None
    started_at: AwareDatetime
    photo_approved_at: AwareDatetime | None
    warnings: list[NikNotice]
    missing: list[str]
    allowed_actions: list[Action]


class Completed(BaseModel):
    """The promise: durable on this office's disk."""

    id: str
    status: Status
    captured_at: AwareDatetime
    receipt: Receipt


class CaptureStored(BaseModel):
    """One modality as it is kept; `sha256` is of the bytes that were sent."""

    modality: Modality
    sha256: str
    size: int
    quality: int | None
    captured_at: AwareDatetime
    captured_by: str


class ExceptionStored(BaseModel):
    """A modality that is missing for a reason."""

    modality: Modality
    reason: str
    requested_by: str
    approved_by: str
    at: AwareDatetime


class Hop(BaseModel):
    """One step of the record's way: when, what, by whom."""

    at: AwareDatetime
    event: str
    by: str
    status: Status
    detail: str


class EnrolmentItem(BaseModel):
    """A record on a list: enough to tell it apart."""

    id: str
    office: str
    kind: Kind
    status: Status
    delivery: DeliveryState | None
    day: date
    nik: str
    """Masked."""
    name: str
    """Masked."""
    ticket_id: str | None
    started_at: AwareDatetime
    captured_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    receipt_number: str | None


class EnrolmentView(EnrolmentState):
    """A record, whole; reading it is written to the audit log."""

    delivery: DeliveryState | None
    nik: str
    biodata: Biodata
    supersedes: str | None
    counter: str | None
    """Where queue_api says the ticket is being served."""
    captures: list[CaptureStored]
    exceptions: list[ExceptionStored]
    captured_at: AwareDatetime | None
    packet_sha256: str | None
    packet_bytes: int | None
    receipt: Receipt | None
    centre_receipt: str | None
    sent_at: AwareDatetime | None
    resolved_at: AwareDatetime | None
    timeline: list[Hop]


RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
