"""The packet's hash, which completing trusts, is that of the packet at every moment, whatever the counter does."""

import asyncio
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.ektp.bench.records import NIK, OFFICE, OFFICER, PERSON
from services.enrolment_api.offices.service import load_unknown
from services.enrolment_api.recording.approvals import approve_photo, except_modality
from services.enrolment_api.recording.captures import Reading, store_capture
from services.enrolment_api.recording.domain import Kind, Modality, missing_modalities
from services.enrolment_api.recording.drafts import start_enrolment
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.packet import load_packet
from services.enrolment_api.recording.repository import captured, excepted
from services.enrolment_api.recording.schemas import EnrolmentStart, ExceptionRequest
from services.enrolment_api.recording.vault import Vault
from shared.columns import ColumnCipher
from shared.database import open_database
from shared.packets import Sealer
from shared.problems import Problem
from shared.sample import load_offices

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
REST = [each for each in Modality if each is not Modality.PHOTO]
Step = tuple[str, Modality, int]

capture = st.tuples(st.just("capture"), st.sampled_from(list(Modality)), st.integers(0, 255))
except_one = st.tuples(st.just("except"), st.sampled_from(REST), st.just(0))
approve = st.tuples(st.sampled_from(["approve", "disapprove"]), st.just(Modality.PHOTO), st.just(0))
photo_first: list[Step] = [("capture", Modality.PHOTO, 1), ("approve", Modality.PHOTO, 0)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(REST), after=st.lists(st.one_of(capture, except_one, approve), max_size=6))
def test_the_digest_is_of_the_packet_whatever_happens_at_the_counter(
    migrated_file: Path, keys: Path, order: list[Modality], after: list[Step]
) -> None:
    vault = Vault(ColumnCipher.from_directory(keys), Sealer.from_directory(keys))
    steps = [*photo_first, *(("capture", each, 2) for each in order[:-1]), ("except", order[-1], 0), *after]

    async def play() -> None:
        with TemporaryDirectory() as directory:
            database = open_database(f"sqlite:///{shutil.copy(migrated_file, directory)}")
            try:
                record_id = await database.write(lambda session: _draft(session, vault))
                for step in steps:
                    await database.write(lambda session, step=step: _take(session, vault, record_id, step))  # type: ignore[misc]  # bound now
                    await database.read(lambda session: _check(session, record_id))
            finally:
                await database.close()

    asyncio.run(play())


def _draft(session: Session, vault: Vault) -> str:
    load_unknown(session, load_offices(None))
    session.flush()
    start = EnrolmentStart(office=OFFICE, nik=NIK.format(1), biodata=PERSON, kind=Kind.FIRST_TIME)
    return start_enrolment(session, vault=vault, principal=OFFICER, start=start, now=NOW).id


def _take(session: Session, vault: Vault, record_id: str, step: Step) -> None:
    """One step at the counter; what is not allowed just now is refused and changes nothing."""
    what, modality, value = step
    who = {"vault": vault, "principal": OFFICER, "record_id": record_id, "now": NOW}
    try:
        if what == "capture":
            sealed = vault.sealer.seal(record_id, modality, bytes([value]) * 40)
            reading = Reading(modality, sealed, sha256="0" * 64, size=40, quality=None)
            store_capture(session, reading=reading, **who)  # type: ignore[arg-type]  # the same four for all
        elif what == "except":
            request = ExceptionRequest(modality=modality, reason="amputated", approved_by="other")
            except_modality(session, request=request, **who)  # type: ignore[arg-type]
        else:
            approve_photo(session, approved=what == "approve", **who)  # type: ignore[arg-type]
    except Problem:
        session.expunge_all()


def _check(session: Session, record_id: str) -> None:
    record = session.get_one(Enrolment, record_id)
    whole = not missing_modalities(captured(session, record_id) | excepted(session, record_id))
    if not whole:
        assert (record.packet_sha256, record.packet_bytes) == (None, None)
        return
    packet = load_packet(session, record_id)
    assert (record.packet_sha256, record.packet_bytes) == (hashlib.sha256(packet).hexdigest(), len(packet))
