"""How the documents are tried: requests made from the schema, answers held to it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2
import schemathesis
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema

from services.ektp.api_documents import FOLDER
from tests.fuzz.served import Served, served
from tests.fuzz.things import Hands, make_things

EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    response_schema_conformance,
    content_type_conformance,
]
TIMEOUT = 20.0
# Streams have no end; readiness may say 503; the clock would carry the other requests away.
LEFT_OUT = r"/stream$|/health/ready$|/control/v1/clock$|/metrics$"


@schemathesis.serializer("application/cbor")
def as_cbor(_context: object, value: Any) -> bytes:
    """Schemathesis knows no CBOR by itself."""
    return value if isinstance(value, bytes) else cbor2.dumps(value)


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: object, value: Any) -> bytes:
    """Nor a journal: a line of JSON for each entry."""
    entries = value if isinstance(value, list) else [value]
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in entries)


def document(name: str, *, coverage: bool = True) -> BaseSchema:
    """The committed document, without what can't be tried this way.

    Without `coverage` values are drawn only, and not listed for each constraint: a rule has too many kinds of fault.
    """
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"max-examples": EXAMPLES},
            # only our own links are walked along, not what could be guessed from names
            "phases": {"coverage": {"enabled": coverage}, "stateful": {"inference": {"algorithms": []}}},
            "seed": 20160916,
        }
    )
    path: Path = FOLDER / f"{name}.openapi.json"
    return schemathesis.openapi.from_path(path, config=config).exclude(path_regex=LEFT_OUT)


@dataclass(frozen=True)
class Trial:
    """A service that answers, and what is there to try things on."""

    service: Served
    hands: Hands


@contextlib.contextmanager
def on_trial(name: str, home: Path) -> Iterator[Trial]:
    """The service behind a document until the end of the block."""
    with served(name, home) as service:
        yield Trial(service, Hands(make_things(name, service)))


def try_case(case: schemathesis.Case[Any], trial: Trial) -> None:
    """Send the case as somebody who may do everything, mostly about things that are there, and check the answer."""
    if case.path_parameters:
        trial.hands.put_into(case.path_parameters)
    case.call_and_validate(
        base_url=trial.service.url, headers=trial.service.everybody(), timeout=TIMEOUT, checks=CHECKS
    )
