"""What comes in and goes out about records beyond the shared contract."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.contracts.central import RecordEnvelope, SignedReceipt


class ImportedRecord(BaseModel):
    """One record of a carried file; the packet is bytes in CBOR, base64 in JSON."""

    model_config = ConfigDict(extra="forbid", val_json_bytes="base64")

    envelope: RecordEnvelope
    packet: bytes


class ImportOutcome(BaseModel):
    """What became of one record of the file."""

    position: int
    key: str | None
    outcome: str
    receipt: SignedReceipt | None = None
    reason: str = ""


class ImportReport(BaseModel):
    """What became of the whole file, record by record."""

    accepted: int
    already_held: int
    refused: int
    outcomes: list[ImportOutcome]


ENVELOPE = RecordEnvelope.model_json_schema()

# What FastAPI reads itself costs a sixth of a request here: the handler reads it, and the document is told.
RECORD_FORM: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "The envelope's key",
            "schema": {"type": "string"},
        },
        {
            "name": "X-Office",
            "in": "header",
            "required": False,
            "description": "Who sends, for the journal",
            "schema": {"type": "string"},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["envelope", "packet"],
                    "properties": {
                        "envelope": ENVELOPE,
                        "packet": {"type": "string", "format": "binary"},
                    },
                },
                "encoding": {"envelope": {"contentType": "application/json"}},
            }
        },
    },
}
IMPORT_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media: {
                "schema": {
                    "type": "object",
                    "required": ["version", "records"],
                    "properties": {
                        "version": {"const": 1},
                        "records": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["envelope", "packet"],
                                "properties": {
                                    "envelope": ENVELOPE,
                                    "packet": {"type": "string", "format": "byte"},
                                },
                            },
                        },
                    },
                }
            }
            for media in ("application/cbor", "application/json")
        },
    },
}
