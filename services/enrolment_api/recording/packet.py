"""A record's packet for the centre: put together from its sealed parts, always the same bytes.

The parts are immutable once the record is complete, so the packet itself is stored nowhere: its hash is known as soon
as a draft is whole, the forwarder builds it again when it sends.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.recording.domain import missing_modalities
from services.enrolment_api.recording.models import BiometricException, Capture, Enrolment
from services.enrolment_api.recording.repository import captured, excepted, exceptions_of
from services.enrolment_api.recording.vault import Vault
from shared.packets import BIODATA, pack
from shared.prepared import Prepared

CAPTURES: Any = Capture.__table__  # type: ignore[attr-defined]  # SQLModel adds it
EXCEPTIONS: Any = BiometricException.__table__  # type: ignore[attr-defined]
ENROLMENTS: Any = Enrolment.__table__  # type: ignore[attr-defined]
_WANTED: sa.BindParameter[str] = sa.bindparam("wanted")

# Name and sealed bytes of every part; an exception stands for its modality with no bytes.
PARTS = Prepared(
    sa.union_all(
        sa.select(
            sa.literal_column(f"'{BIODATA}'").label("name"), ENROLMENTS.c.sealed_biodata.label("sealed")
        ).where(ENROLMENTS.c.id == _WANTED),
        sa.select(CAPTURES.c.modality, CAPTURES.c.sealed).where(CAPTURES.c.enrolment_id == _WANTED),
        sa.select(EXCEPTIONS.c.modality, sa.cast(sa.null(), sa.LargeBinary)).where(
            EXCEPTIONS.c.enrolment_id == _WANTED
        ),
    )
)


def load_parts(session: Session, record_id: str) -> dict[str, bytes | None]:
    """The sealed parts by name; None for a modality that is excepted."""
    return dict(PARTS.rows(session, {"wanted": record_id}))


def pack_parts(record_id: str, parts: Mapping[str, bytes | None]) -> bytes:
    """The packet of those parts that have bytes."""
    return pack(record_id, {name: bytes(sealed) for name, sealed in parts.items() if sealed is not None})


def load_packet(session: Session, record_id: str) -> bytes:
    """The packet of a completed record. Raises LookupError when there is no such record."""
    parts = load_parts(session, record_id)
    if not parts:
        raise LookupError(f"no record {record_id}")
    return pack_parts(record_id, parts)


def digest_packet(session: Session, record: Enrolment) -> None:
    """Know the packet's hash and size once a draft is whole, and only then.

    Called after every change to its parts, so that completing, which everybody waits for, reads none of them.
    """
    session.flush()
    record.packet_sha256 = record.packet_bytes = None
    if not missing_modalities(captured(session, record.id) | excepted(session, record.id)):
        packet = load_packet(session, record.id)
        record.packet_sha256, record.packet_bytes = hashlib.sha256(packet).hexdigest(), len(packet)
    session.add(record)


def seal_biodata(session: Session, *, record: Enrolment, vault: Vault) -> None:
    """Seal what the centre is told about the person, as of now.

    Called whenever that changes, so that completing, which everybody waits for, has nothing left to seal.
    """
    session.flush()
    person = vault.read_person(record)
    content = {
        "nik": person.nik,
        "biodata": person.biodata.model_dump(mode="json", exclude_none=True),
        "kind": record.kind,
        "exceptions": [
            {
                "modality": each.modality,
                "reason": vault.read_reason(record.id, each.modality, each.reason_encrypted),
                "approved_by": each.approved_by,
            }
            for each in exceptions_of(session, record.id)
        ],
        "photo_approved_at": record.photo_approved_at.isoformat() if record.photo_approved_at else None,
        "officer": record.officer,
        "started_at": record.started_at.isoformat(),
    }
    plain = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    record.sealed_biodata = vault.sealer.seal(record.id, BIODATA, plain)
    session.add(record)
