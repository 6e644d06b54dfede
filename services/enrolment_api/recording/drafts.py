"""Opening a record at a counter, and saying where it stands."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from services.enrolment_api.link.state import link_state
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.recording.biodata import Biodata
from services.enrolment_api.recording.domain import Kind, Status, allowed_actions, missing_modalities
from services.enrolment_api.recording.guards import check_link
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.nik import SENTENCES, NikWarning, age_on, parse_nik, warnings_for
from services.enrolment_api.recording.problems import TooYoung
from services.enrolment_api.recording.repository import captured, excepted
from services.enrolment_api.recording.schemas import EnrolmentStart, EnrolmentState, NikNotice
from services.enrolment_api.recording.timeline import HopEvent, note
from services.enrolment_api.recording.vault import Vault
from shared.contracts.enrolment import RecordStarted
from shared.contracts.envelope import Outgoing
from shared.ids import new_id
from shared.messaging.outbox import enqueue
from shared.problems import InvalidInput
from shared.security import Principal

SOURCE = "enrolment_api"
RECORDED_FROM_AGE = 16
OLDEST_AGE = 130


def start_enrolment(
    session: Session, *, vault: Vault, principal: Principal, start: EnrolmentStart, now: datetime
) -> EnrolmentState:
    """Open a draft. Raises NotFound, TooYoung, InvalidInput, CentralLinkRequired."""
    principal.check_sees(start.office)
    office = get_office(session, start.office)
    day = now.astimezone(ZoneInfo(office.time_zone)).date()
    _check_age(start.biodata, day)
    _check_supersedes(session, start, principal)
    check_link(link_state(session), record_offline=office.record_offline)
    record = _draft(vault, start, officer=principal.subject, day=day, now=now)
    session.add(record)
    session.flush()
    note(
        session,
        record_id=record.id,
        at=now,
        event=HopEvent.STARTED,
        by=principal.subject,
        status=Status.DRAFT,
    )
    started = RecordStarted(kind=record.kind, ticket_id=record.ticket_id)
    enqueue(session, SOURCE, Outgoing(subject=record.id, office=record.office, at=now, data=started))
    return state_of(session, record)


def state_of(session: Session, record: Enrolment) -> EnrolmentState:
    """Where the record stands and what can be done next."""
    return EnrolmentState.model_validate(standing(session, record))


def standing(session: Session, record: Enrolment) -> dict[str, object]:
    """The fields of EnrolmentState."""
    there = captured(session, record.id)
    approved = record.photo_approved_at is not None
    return {
        "id": record.id,
        "office": record.office,
        "kind": record.kind,
        "status": record.status,
        "ticket_id": record.ticket_id,
        "started_at": record.started_at,
        "photo_approved_at": record.photo_approved_at,
        "warnings": [NikNotice(code=code, detail=SENTENCES[NikWarning(code)]) for code in record.warnings],
        "missing": missing_modalities(there | excepted(session, record.id)),
        "allowed_actions": allowed_actions(
            Status(record.status), has_photo="photo" in there, photo_approved=approved
        ),
    }


def _draft(vault: Vault, start: EnrolmentStart, *, officer: str, day: date, now: datetime) -> Enrolment:
    record_id = new_id()
    nik, biodata = parse_nik(start.nik), start.biodata
    return Enrolment(
        id=record_id,
        office=start.office,
        kind=start.kind.value,
        status=Status.DRAFT.value,
        ticket_id=start.ticket_id,
        supersedes=start.supersedes,
        officer=officer,
        day=day,
        started_at=now,
        nik_lookup=vault.lookup(nik.digits),
        nik_encrypted=vault.lock_nik(record_id, nik.digits),
        biodata_encrypted=vault.lock_biodata(record_id, biodata),
        warnings=[each.value for each in warnings_for(nik, birth_date=biodata.birth_date, sex=biodata.sex)],
    )


def _check_age(biodata: Biodata, day: date) -> None:
    age = age_on(biodata.birth_date, day)
    if not 0 <= age <= OLDEST_AGE:
        raise InvalidInput.field("/body/biodata/birth_date", "nobody alive was born on that day")
    if age < RECORDED_FROM_AGE:
        raise TooYoung.field(
            "/body/biodata/birth_date", f"recording is allowed from {RECORDED_FROM_AGE} years"
        )


def _check_supersedes(session: Session, start: EnrolmentStart, principal: Principal) -> None:
    """A new record can stand for an old one only in a re-enrolment, and only for one that was completed."""
    if start.supersedes is None:
        return
    if start.kind is not Kind.RE_ENROLMENT:
        raise InvalidInput.field("/body/supersedes", f"only a {Kind.RE_ENROLMENT} replaces a record")
    old = session.get(Enrolment, start.supersedes)
    if old is None or not principal.sees(old.office) or old.status == Status.DRAFT:
        raise InvalidInput.field("/body/supersedes", "no completed record has this id")
