"""A request as rules see it, read from its head."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from services.central_mock.faults.rules.domain import Endpoint, Subject

PREFIX = "/central/v1/"

_EXACT: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "records"): Endpoint.RECORDS_POST,
    ("GET", "results"): Endpoint.RESULTS_GET,
    ("POST", "imports"): Endpoint.IMPORTS_POST,
    ("POST", "reconciliations"): Endpoint.RECONCILIATIONS_POST,
    ("GET", "residents"): Endpoint.RESIDENTS_LIST,
    ("GET", "keys"): Endpoint.KEYS_GET,
    ("GET", "health"): Endpoint.HEALTH_GET,
}


def subject_of(scope: Mapping[str, Any]) -> Subject:
    """Who asks for what, under which key. A NIK in the path is no key: it must not stand in any log."""
    endpoint, key = _endpoint(scope["method"], scope["path"])
    office: str | None = None
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            key = value.decode("latin-1")[:200]
        elif name == b"x-office":
            office = value.decode("latin-1")[:20]
    if office is None and b"office=" in scope["query_string"]:
        office = _asked_for(scope["query_string"])
    return Subject(office, endpoint, key or f"{office or ''}|{endpoint}")


def _endpoint(method: str, path: str) -> tuple[str, str | None]:
    if not path.startswith(PREFIX):
        return f"{method} {path[:100]}", None
    name, _, rest = path[len(PREFIX) :].partition("/")
    if not rest:
        endpoint = _EXACT.get((method, name))
        return (endpoint or f"{method} {path[:100]}"), None
    if method == "GET" and name == "records":
        return Endpoint.RECORDS_GET, rest[:200]
    if method == "GET" and name == "residents":
        return Endpoint.RESIDENTS_GET, None
    return f"{method} {PREFIX}{name}/", None


def _asked_for(query: bytes) -> str | None:
    """The office that a query names; of several the first."""
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"office":
            return unquote(value.decode("latin-1"))[:20]
    return None
