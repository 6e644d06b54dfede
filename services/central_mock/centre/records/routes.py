"""The record's way in. Offices are known by mutual TLS in reality, so there is no token; `X-Office` is a note."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.central_mock.centre.records import repository, service
from services.central_mock.centre.records.domain import Arrival
from services.central_mock.centre.records.errors import KeyTaken, PacketNotWhole, RecordRejected
from services.central_mock.centre.records.imports import import_file, read_file
from services.central_mock.centre.records.multipart import read_record_form
from services.central_mock.centre.records.schemas import IMPORT_FILE, RECORD_FORM, ImportReport
from services.central_mock.faults.meaning import answers, arrivals
from services.central_mock.faults.meaning.batches import check_whole, half_of
from services.central_mock.faults.meaning.reading import is_unseen
from services.central_mock.faults.meaning.skew import skew_of
from services.central_mock.faults.rules.ruling import ruling_of
from services.central_mock.journal.domain import Entry, Outcome
from services.central_mock.runtime import CentreRuntime, CurrentCentre, centre_of, entry_of
from shared.contracts.central import RecordEnvelope, RecordKey, SignedReceipt
from shared.problems import InvalidInput, NotFound, Problem

router = APIRouter(prefix="/central/v1", tags=["records"])

_OUTCOMES: dict[type[Problem], Outcome] = {
    KeyTaken: Outcome.CONFLICT,
    RecordRejected: Outcome.REJECTED,
    PacketNotWhole: Outcome.NOT_WHOLE,
}


@router.post(
    "/records",
    status_code=201,
    response_model=SignedReceipt,
    responses={200: {"model": SignedReceipt, "description": "Held already; the same receipt"}},
    openapi_extra=RECORD_FORM,
)
async def post_record(request: Request) -> Response:
    """Take a record over: 201 and a signed receipt, which means that it is on the centre's disk."""
    centre = centre_of(request)
    entry = entry_of(request)
    envelope_text, packet = await read_record_form(request)
    envelope = service.read_envelope(envelope_text)
    if request.headers.get("idempotency-key") != envelope.key:
        raise InvalidInput.field("/header/Idempotency-Key", "must be the envelope's key")
    if entry is not None:
        entry.key, entry.office = envelope.key, envelope.office
    try:
        acceptance = await _accept(request, centre, envelope, packet)
    except Problem as problem:
        if entry is not None:
            entry.outcome = _OUTCOMES.get(type(problem))
        raise
    _note(entry, acceptance)
    answers.lose_answer(request)
    return Response(
        answers.as_given(acceptance.receipt, ruling_of(request), centre.secrets).model_dump_json(),
        201 if acceptance.new else 200,
        None if acceptance.new else {"Idempotency-Replayed": "true"},
        media_type="application/json",
    )


async def _accept(
    request: Request, centre: CentreRuntime, envelope: RecordEnvelope, packet: bytes
) -> service.Acceptance:
    arrival = await _inspected(centre, envelope, packet)
    return await arrivals.take_over(
        centre, arrival, via=service.Via.HTTP, ruling=ruling_of(request), off=skew_of(request)
    )


async def _inspected(centre: CentreRuntime, envelope: RecordEnvelope, packet: bytes) -> Arrival:
    try:
        return service.inspect(envelope, packet, centre.secrets)
    except InvalidInput:
        await centre.database.read(
            lambda session: service.check_key_free(session, key=envelope.key, packet=packet)
        )
        raise


def _note(entry: Entry | None, acceptance: service.Acceptance) -> None:
    if entry is not None:
        entry.applied = acceptance.new
        entry.outcome = Outcome.ACCEPTED if acceptance.new else Outcome.REPLAYED


@router.get("/records/{key}")
async def get_record(
    request: Request, centre: CurrentCentre, key: Annotated[RecordKey, Path()]
) -> SignedReceipt:
    """The receipt of a record that is held: settles what became of a request that got no answer."""
    held = await centre.database.read(lambda session: repository.find_held(session, key))
    if held is None or is_unseen(request, centre, held):
        raise NotFound("The centre holds no record under this key")
    return answers.as_given(repository.receipt_of(held), ruling_of(request), centre.secrets)


@router.post("/imports", openapi_extra=IMPORT_FILE)
async def post_import(request: Request, centre: CurrentCentre) -> ImportReport:
    """A carried export file: every record taken over as if it had been sent, each with its own outcome.

    Sending the file again changes nothing: the records' own keys make it safe.
    """
    records = await read_file(request)
    report = await import_file(centre, half_of(records, ruling_of(request)), off=skew_of(request))
    check_whole(records, ruling_of(request))
    answers.lose_answer(request)
    return report
