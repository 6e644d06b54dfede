"""Records to measure with: one is recorded by the service's own use cases, the others are copies of its rows.

A copy has an id and a NIK of its own and its biodata sealed for itself, so that the centre takes it like any other.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session

from services.enrolment_api.delivery.intake import accept
from services.enrolment_api.offices.service import load_unknown
from services.enrolment_api.recording.approvals import approve_photo
from services.enrolment_api.recording.biodata import Biodata, MaritalStatus
from services.enrolment_api.recording.captures import Reading, store_capture
from services.enrolment_api.recording.completion import complete
from services.enrolment_api.recording.domain import Kind, Modality, Status
from services.enrolment_api.recording.drafts import start_enrolment
from services.enrolment_api.recording.nik import Sex
from services.enrolment_api.recording.packet import CAPTURES, ENROLMENTS, load_packet, pack_parts
from services.enrolment_api.recording.schemas import EnrolmentStart
from services.enrolment_api.recording.vault import Vault
from shared.columns import ColumnCipher
from shared.database import Database, connection_of, open_database
from shared.ids import new_id
from shared.packets import BIODATA, Opener, Sealer
from shared.sample import load_offices
from shared.security import Principal, Role

OFFICE = "33.13.07"
NIK = "331307450698{:04d}"
"""Of a woman born on 5 June 1998; the last four are the serial."""
CAPTURE_BYTES = 60
"""Of each modality before sealing: fourteen of them and the biodata make a packet of 2 kB."""
CHUNK = 500
OFFICER = Principal("bench", frozenset({Role.OFFICER}), frozenset({OFFICE}))
PERSON = Biodata(
    name="Fitriyani Wulandari",
    birth_place="KARANGANYAR",
    birth_date=date(1998, 6, 5),
    sex=Sex.FEMALE,
    marital_status=MaritalStatus.SINGLE,
    address="Kemuning RT 02 RW 03",
    religion="ISLAM",
    occupation="PELAJAR/MAHASISWA",
    nationality="INDONESIA",
)


@dataclass(frozen=True)
class Pattern:
    """The rows of a whole draft, and what its biodata said before it was sealed."""

    enrolment: dict[str, Any]
    captures: list[dict[str, Any]]
    plain: bytes


def make_drafts(url: str, keys: Path, count: int) -> list[str]:
    """Drafts that only have to be completed; their ids."""
    return asyncio.run(_with_database(url, keys, count, completed=False))


def make_completed(url: str, keys: Path, count: int) -> list[str]:
    """Records that wait for the centre; their ids, oldest first."""
    return asyncio.run(_with_database(url, keys, count, completed=True))


async def pend_records(database: Database, keys: Path, count: int) -> None:
    """Records that wait for the centre, of biodata alone: as good for a forwarder and made in a tenth of the time."""
    vault = Vault(ColumnCipher.from_directory(keys), Sealer.from_directory(keys))
    pattern = await database.write(partial(_record_one, vault=vault, opener=Opener.from_directory(keys)))
    whole = {**pattern.enrolment, "status": Status.BIO_CAPTURED.value}
    bare = replace(pattern, enrolment=whole, captures=[])
    for chunk in in_chunks([(number, new_id()) for number in range(count)]):
        await database.write(partial(_copy, pattern=bare, numbered=chunk, sealer=vault.sealer))
        await database.write(partial(_accept_all, numbered=chunk))


async def _with_database(url: str, keys: Path, count: int, *, completed: bool) -> list[str]:
    database = open_database(url)
    try:
        ids = await _drafts(database, keys, count)
        for chunk in in_chunks(ids if completed else []):
            await database.write(partial(_complete_all, ids=chunk))
        return ids
    finally:
        await database.close()


async def _drafts(database: Database, keys: Path, count: int) -> list[str]:
    vault = Vault(ColumnCipher.from_directory(keys), Sealer.from_directory(keys))
    opener = Opener.from_directory(keys)
    pattern = await database.write(lambda session: _record_one(session, vault, opener))
    ids = [new_id() for _ in range(count)]
    for chunk in in_chunks(list(enumerate(ids))):
        await database.write(partial(_copy, pattern=pattern, numbered=chunk, sealer=vault.sealer))
    return ids


def in_chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """So many at a time that no transaction grows beyond reason."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _record_one(session: Session, vault: Vault, opener: Opener) -> Pattern:
    """As at the counter, up to the moment before completing."""
    now = datetime.now(UTC)
    load_unknown(session, load_offices(None))
    session.flush()
    start = EnrolmentStart(office=OFFICE, nik=NIK.format(0), biodata=PERSON, kind=Kind.FIRST_TIME)
    record_id = start_enrolment(session, vault=vault, principal=OFFICER, start=start, now=now).id
    for modality in Modality:
        sealed = vault.sealer.seal(record_id, modality, bytes(CAPTURE_BYTES))
        reading = Reading(modality, sealed, sha256="0" * 64, size=CAPTURE_BYTES, quality=80)
        store_capture(session, vault=vault, principal=OFFICER, record_id=record_id, reading=reading, now=now)
        if modality is Modality.PHOTO:
            approve_photo(
                session, vault=vault, principal=OFFICER, record_id=record_id, approved=True, now=now
            )
    session.flush()
    connection = connection_of(session)
    enrolment = connection.execute(ENROLMENTS.select().where(ENROLMENTS.c.id == record_id)).mappings().one()
    captures = connection.execute(CAPTURES.select().where(CAPTURES.c.enrolment_id == record_id)).mappings()
    plain = opener.open(record_id, BIODATA, enrolment["sealed_biodata"])
    return Pattern(dict(enrolment), [dict(each) for each in captures], plain)


def _copy(session: Session, pattern: Pattern, numbered: Sequence[tuple[int, str]], sealer: Sealer) -> None:
    connection = connection_of(session)
    captured = {each["modality"]: each["sealed"] for each in pattern.captures}
    enrolments = []
    for number, record_id in numbered:
        plain = pattern.plain.replace(NIK.format(0).encode(), NIK.format(number % 10_000).encode())
        sealed = sealer.seal(record_id, BIODATA, plain)
        packet = pack_parts(record_id, {BIODATA: sealed, **captured})
        own = {
            "id": record_id,
            "sealed_biodata": sealed,
            "packet_sha256": hashlib.sha256(packet).hexdigest(),
            "packet_bytes": len(packet),
        }
        enrolments.append(pattern.enrolment | own)
    connection.execute(ENROLMENTS.insert(), enrolments)
    captures = [{**each, "enrolment_id": record_id} for _, record_id in numbered for each in pattern.captures]
    if captures:
        connection.execute(CAPTURES.insert(), captures)


def _accept_all(session: Session, numbered: Sequence[tuple[int, str]]) -> None:
    now = datetime.now(UTC)
    for _, record_id in numbered:
        packet = load_packet(session, record_id)
        accept(
            session,
            record_id=record_id,
            office=OFFICE,
            kind=Kind.FIRST_TIME.value,
            captured_at=now,
            packet_sha256=hashlib.sha256(packet).hexdigest(),
            packet_bytes=len(packet),
        )


def _complete_all(session: Session, ids: Sequence[str]) -> None:
    now = datetime.now(UTC)
    for record_id in ids:
        complete(session, principal=OFFICER, record_id=record_id, now=now)
