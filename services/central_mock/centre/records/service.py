"""Taking a record over: once in effect, however often it arrives, with the same receipt each time."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from services.central_mock.centre.records import repository
from services.central_mock.centre.records.domain import (
    Arrival,
    NotAcceptable,
    NotWhole,
    check_whole,
    read_nik,
)
from services.central_mock.centre.records.errors import KeyTaken, PacketNotWhole, RecordRejected
from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.centre.uniqueness.domain import CheckState
from shared.contracts.central import RecordEnvelope, SignedReceipt
from shared.problems import FieldError, InvalidInput

RECORDS_ACCEPTED = "records_accepted"


class Via(StrEnum):
    """How a record came."""

    HTTP = "HTTP"
    IMPORT = "IMPORT"


@dataclass(frozen=True)
class Acceptance:
    """The receipt, and whether this arrival is the one that took effect."""

    receipt: SignedReceipt
    new: bool
    again: bool = False
    """It took effect once more under a key that had: only a fault makes the centre do that."""


def read_envelope(text: bytes) -> RecordEnvelope:
    """The envelope. Raises InvalidInput naming the fields."""
    try:
        return RecordEnvelope.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInput(
            "The envelope is not one of ours",
            errors=[
                FieldError(pointer="/envelope/" + "/".join(map(str, each["loc"])), detail=each["msg"])
                for each in error.errors()
            ],
        ) from error


def inspect(envelope: RecordEnvelope, packet: bytes, secrets_: CentreSecrets) -> Arrival:
    """Check and open an arrival. Raises PacketNotWhole, RecordRejected."""
    try:
        check_whole(envelope, packet)
        nik = read_nik(envelope.key, packet, secrets_.opener.open)
    except NotWhole as error:
        raise PacketNotWhole(f"The packet is not whole: {error}") from error
    except NotAcceptable as error:
        raise RecordRejected(f"The record is rejected: {error}") from error
    return Arrival(envelope, packet, secrets_.person(nik))


def new_receipt(envelope: RecordEnvelope, secrets_: CentreSecrets, now: datetime) -> SignedReceipt:
    """The receipt this record gets if it is new. Signed before the transaction, which other records wait for."""
    return secrets_.receipt(
        number=f"{now:%Y%m%d}-{secrets.token_hex(6).upper()}",
        key=envelope.key,
        packet_sha256=envelope.packet_sha256,
        at=now,
    )


def accept(
    session: Session, *, arrival: Arrival, receipt: SignedReceipt, via: Via, at: datetime
) -> Acceptance:
    """Keep the record and its packet, or give back the receipt it already has. Raises KeyTaken."""
    envelope = arrival.envelope
    if repository.insert_if_new(session, record_row(arrival, receipt, via, at)):
        repository.insert_packet(session, key=envelope.key, body=arrival.packet)
        session.info[RECORDS_ACCEPTED] = True
        return Acceptance(receipt, new=True)
    held = repository.find_held(session, envelope.key)
    if held is None:
        raise KeyTaken("The key was given up while this record arrived; send it again")
    _check_same(held, envelope, envelope.packet_sha256)
    return Acceptance(repository.receipt_of(held), new=False)


def check_key_free(session: Session, *, key: str, packet: bytes) -> None:
    """Raise KeyTaken when other bytes are held under the key: said before anything about these bytes."""
    held = repository.find_held(session, key)
    if held is not None and held.packet_sha256 != hashlib.sha256(packet).hexdigest():
        raise KeyTaken


def _check_same(held: Any, envelope: RecordEnvelope, packet_sha256: str) -> None:
    same = (
        held.packet_sha256 == packet_sha256
        and held.office == envelope.office
        and held.kind == envelope.kind
        and held.captured_at == envelope.captured_at
        and held.supersedes == envelope.supersedes
    )
    if not same:
        raise KeyTaken


def record_row(arrival: Arrival, receipt: SignedReceipt, via: Via, at: datetime) -> dict[str, Any]:
    """The record as it is kept when it takes effect at a time of the clock."""
    envelope = arrival.envelope
    return {
        "key": envelope.key,
        "office": envelope.office,
        "kind": envelope.kind,
        "captured_at": envelope.captured_at,
        "packet_sha256": envelope.packet_sha256,
        "packet_bytes": envelope.packet_bytes,
        "supersedes": envelope.supersedes,
        "person": arrival.person,
        "receipt_number": receipt.receipt_number,
        "received_at": receipt.received_at,
        "signature": receipt.signature,
        "arrived_at": at,
        "via": via,
        "applied_times": 1,
        "state": CheckState.CHECKING,
        "decision": None,
        "waiting_since": at,
    }
