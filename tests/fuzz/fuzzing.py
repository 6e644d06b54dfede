"""How the documents are tried: requests made from the schema, answers held to it."""

from pathlib import Path
from typing import Any

import cbor2
import schemathesis
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema

from services.ektp.api_documents import FOLDER
from tests.fuzz.served import Served

EXAMPLES = 8
TIMEOUT = 20.0
# Streams have no end; readiness may say 503; the clock would carry the other requests away.
LEFT_OUT = r"/stream$|/health/ready$|/control/v1/clock$|/metrics$"


@schemathesis.serializer("application/cbor")
def as_cbor(_context: object, value: Any) -> bytes:
    """Schemathesis knows no CBOR by itself."""
    return value if isinstance(value, bytes) else cbor2.dumps(value)


def document(name: str) -> BaseSchema:
    """The committed document, without what can't be tried this way."""
    config = SchemathesisConfig.from_dict({"generation": {"max-examples": EXAMPLES}, "seed": 20160916})
    path: Path = FOLDER / f"{name}.openapi.json"
    return schemathesis.openapi.from_path(path, config=config).exclude(path_regex=LEFT_OUT)


def try_case(case: schemathesis.Case[Any], service: Served) -> None:
    """Send the case as somebody who may do everything, and check the answer."""
    case.call_and_validate(
        base_url=service.url,
        headers=service.everybody(),
        timeout=TIMEOUT,
        checks=[not_a_server_error, response_schema_conformance, content_type_conformance],
    )
