"""Links in the OpenAPI documents: what can be called next with what an answer says.

A client that reads them need not know how an id travels from one call to the next, and neither does a test that walks
from call to call. They are data beside a service's routes; a link that names no route of the app fails at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI


@dataclass(frozen=True)
class Call:
    """An operation by its method and path, as in `POST /v1/enrolments`, with where its parameters come from."""

    operation: str
    parameters: Mapping[str, str]


def to(operation: str, **parameters: str) -> Call:
    """A call; `id="/id"` takes a field of the answer by its pointer, `{office}` the request's, the rest is said."""
    return Call(operation, {name: _expression(value) for name, value in parameters.items()})


def _expression(value: str) -> str:
    if value.startswith("/"):
        return f"$response.body#{value}"
    if value.startswith("{"):
        return f"$request.path.{value.strip('{}')}"
    return value


Links = Mapping[str, Mapping[str, Call]]
"""By answer, as in `POST /v1/enrolments 201`: the calls that follow from it, each with a name."""


def document_links(app: FastAPI, links: Links) -> None:
    """Put them into the app's document."""
    plain = app.openapi

    def with_links() -> dict[str, Any]:
        document = plain()
        for answer, calls in links.items():
            operation, status = answer.rsplit(" ", 1)
            described = _operation(document, operation)["responses"][status]
            described["links"] = {name: _link(document, call) for name, call in calls.items()}
        return document

    app.openapi = with_links  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _operation(document: dict[str, Any], operation: str) -> dict[str, Any]:
    method, path = operation.split(" ")
    found: dict[str, Any] = document["paths"][path][method.lower()]
    return found


def _link(document: dict[str, Any], call: Call) -> dict[str, Any]:
    target = _operation(document, call.operation)
    known = {each["name"] for each in target.get("parameters", [])}
    assert known.issuperset(call.parameters), f"{call.operation} takes no {set(call.parameters) - known}"
    return {"operationId": target["operationId"], "parameters": dict(call.parameters)}
