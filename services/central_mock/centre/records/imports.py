"""Reading a file that was carried by hand: envelopes and packets, in CBOR or JSON."""

import json
from datetime import timedelta
from typing import Any

import cbor2
from fastapi import Request
from pydantic import ValidationError

from services.central_mock.centre.records import service
from services.central_mock.centre.records.errors import KeyTaken
from services.central_mock.centre.records.schemas import ImportedRecord, ImportOutcome, ImportReport
from services.central_mock.faults.meaning import arrivals
from services.central_mock.runtime import CentreRuntime
from shared.problems import InvalidInput, Problem, TooLarge, UnsupportedMedia

VERSION = 1
MAX_FILE = 512 * 1024 * 1024
CBOR, JSON = "application/cbor", "application/json"
IMPORT = "imports.post"
"""What rules call it; a file is one request, and each of its records meets the rules too."""


async def read_file(request: Request) -> list[Any]:
    """The file's records as they stand in it. Raises UnsupportedMedia, TooLarge, InvalidInput."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in {CBOR, JSON}:
        raise UnsupportedMedia(f"An export file is {CBOR} or {JSON}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FILE:
            raise TooLarge(f"An export file is at most {MAX_FILE} bytes; carry it in parts")
    try:
        content: Any = cbor2.loads(bytes(body)) if media == CBOR else json.loads(body)
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise InvalidInput("The file can't be read") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise InvalidInput.field("/version", f"must be {VERSION}")
    if not isinstance(content.get("records"), list):
        raise InvalidInput.field("/records", "must be a list")
    return list(content["records"])


async def import_file(centre: CentreRuntime, records: list[Any], *, off: timedelta) -> ImportReport:
    """Take over each record on its own: one that is refused stops none of the others."""
    outcomes = [await _import(centre, position, each, off) for position, each in enumerate(records)]
    return ImportReport(
        accepted=sum(each.outcome == "ACCEPTED" for each in outcomes),
        already_held=sum(each.outcome == "ALREADY_HELD" for each in outcomes),
        refused=sum(each.outcome in {"REJECTED", "CONFLICT"} for each in outcomes),
        outcomes=outcomes,
    )


async def _import(centre: CentreRuntime, position: int, content: Any, off: timedelta) -> ImportOutcome:
    try:
        record = _read(content)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors()[0]["loc"])
        return ImportOutcome(position=position, key=None, outcome="REJECTED", reason=f"not a record: {where}")
    key, office = record.envelope.key, record.envelope.office
    ruling = centre.rules.ruling_for_record(office=office, key=key, endpoint=IMPORT)
    try:
        arrival = service.inspect(record.envelope, record.packet, centre.secrets)
        acceptance = await arrivals.take_over(centre, arrival, via=service.Via.IMPORT, ruling=ruling, off=off)
    except KeyTaken as problem:
        return ImportOutcome(position=position, key=key, outcome="CONFLICT", reason=problem.detail)
    except Problem as problem:
        return ImportOutcome(position=position, key=key, outcome="REJECTED", reason=problem.detail)
    outcome = "ACCEPTED" if acceptance.new else "ALREADY_HELD"
    return ImportOutcome(position=position, key=key, outcome=outcome, receipt=acceptance.receipt)


def _read(content: Any) -> ImportedRecord:
    """CBOR gives bytes and JSON gives base64, and dates are text in both: JSON mode reads either."""
    if isinstance(content, dict) and isinstance(content.get("packet"), bytes):
        return ImportedRecord.model_validate(content)
    return ImportedRecord.model_validate_json(json.dumps(content, default=str))
