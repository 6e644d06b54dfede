"""Captures over HTTP: raw bytes, because base64 in JSON costs more than the disk."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from services.enrolment_api.recording.captures import Reading, store_capture
from services.enrolment_api.recording.domain import Modality
from services.enrolment_api.recording.intake import read_body
from services.enrolment_api.recording.repository import no_record
from services.enrolment_api.recording.schemas import RAW_BODY, CaptureStored
from services.enrolment_api.runtime import CurrentEnrolment
from shared.ids import is_id
from shared.security import Officer

router = APIRouter(prefix="/v1/enrolments", tags=["recording"])

# Sealing costs 0.5 ms per MB: above this it leaves the event loop to the others.
SEALED_IN_LOOP = 400_000


@router.put("/{record_id}/captures/{modality}", openapi_extra=RAW_BODY)
async def put_capture(
    request: Request,
    runtime: CurrentEnrolment,
    officer: Officer,
    record_id: str,
    modality: Modality,
    quality: Annotated[int | None, Query(ge=0, le=100, description="As the device rates it")] = None,
    content_digest: Annotated[str | None, Header(description="RFC 9530: `sha-256=:base64:`; needed")] = None,
) -> CaptureStored:
    """Store one modality, in place of an earlier one, until the record is complete."""
    if not is_id(record_id):
        raise no_record(record_id)
    body = await read_body(request)
    seal = runtime.vault.sealer.seal
    if len(body.content) > SEALED_IN_LOOP:
        sealed = await asyncio.to_thread(seal, record_id, modality.value, body.content)
    else:
        sealed = seal(record_id, modality.value, body.content)
    reading = Reading(modality, sealed, body.sha256, len(body.content), quality)
    now = runtime.clock.now()
    return await runtime.database.write(
        lambda session: store_capture(
            session, vault=runtime.vault, principal=officer, record_id=record_id, reading=reading, now=now
        )
    )
