"""Every call of the contract that is built exists, and lets in exactly whom the contract says.

A call of the contract that is not built yet is not listed: its own issue adds it here.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.ektp.api_documents import api_documents, throwaway_apps
from shared.keys import OFFICES
from shared.security import sign_token

PUBLIC, OFFICE = "public", "33.13.07"
ID = "01990000-0000-7000-8000-000000000000"

QUEUE = f"""
GET /v1/offices public
GET /v1/offices/{OFFICE} public
PUT /v1/offices/{OFFICE} supervisor
GET /v1/offices/{OFFICE}/board public
GET /v1/offices/{OFFICE}/stream public
POST /v1/offices/{OFFICE}/tickets kiosk officer
GET /v1/tickets/ABCD-EFGH-JKMN public
POST /v1/offices/{OFFICE}/counters/1/call-next officer
POST /v1/tickets/{ID}/recall officer
POST /v1/tickets/{ID}/start officer
POST /v1/tickets/{ID}/finish officer
POST /v1/tickets/{ID}/no-show officer
POST /v1/tickets/{ID}/reinstate officer
POST /v1/tickets/{ID}/park officer
POST /v1/tickets/{ID}/resume officer
POST /v1/tickets/{ID}/cancel officer
POST /v1/tickets/{ID}/transfer officer
POST /v1/tickets/{ID}/voucher officer
GET /v1/vouchers/ABCD-EFGH-JKMN public
POST /v1/vouchers/ABCD-EFGH-JKMN/redeem officer
GET /v1/offices/{OFFICE}/outages officer
POST /v1/offices/{OFFICE}/outages officer
PATCH /v1/outages/{ID} officer
POST /v1/outages/{ID}/close officer
GET /v1/offices/{OFFICE}/days/2016-09-16 officer
POST /v1/offices/{OFFICE}/days/2016-09-16/close officer
"""
ENROLMENT = f"""
POST /v1/auth/token public
POST /v1/enrolments officer
PUT /v1/enrolments/{ID}/captures/photo officer
POST /v1/enrolments/{ID}/photo-approval officer
POST /v1/enrolments/{ID}/exceptions officer
POST /v1/enrolments/{ID}/complete officer
GET /v1/enrolments/{ID} officer
GET /v1/enrolments officer
GET /v1/receipts/ABCD-EFGH-JKMN public
GET /v1/central-link officer
POST /v1/central-link/pause ops
POST /v1/central-link/resume ops
POST /v1/central-link/probe ops
GET /v1/deliveries supervisor
POST /v1/deliveries/{ID}/retry supervisor
POST /v1/deliveries/{ID}/quarantine supervisor
POST /v1/deliveries/{ID}/release supervisor
GET /v1/offices/{OFFICE}/reconciliations/2016-09-16 supervisor
POST /v1/offices/{OFFICE}/reconciliations/2016-09-16 supervisor
GET /v1/offices/{OFFICE}/days/2016-09-16 officer
"""
CENTRE = f"""
POST /central/v1/records public
GET /central/v1/records/{ID} public
GET /central/v1/results public
POST /central/v1/reconciliations public
POST /central/v1/imports public
GET /central/v1/residents public
GET /central/v1/residents/3313071609160001 public
GET /central/v1/keys public
GET /central/v1/health public
"""
CONSOLE = """
POST /control/v1/offline ops
POST /control/v1/online ops
GET /control/v1/journal ops
POST /control/v1/verify ops
POST /control/v1/reset ops
GET /control/v1/state ops
GET /control/v1/stream ops
"""
EVERYWHERE = "GET /health/live public\nGET /health/ready public\nGET /metrics public\n"
DOCUMENTS = {
    "queue_api": QUEUE,
    "enrolment_api": ENROLMENT,
    "central_mock": CENTRE,
    "central_mock_control": CONSOLE,
}

# A role that may not, for each that may.
BELOW = {"kiosk": "display", "officer": "kiosk", "supervisor": "officer", "ops": "supervisor"}

Call = tuple[str, str, str, str]


def calls() -> Iterator[Call]:
    for document, table in DOCUMENTS.items():
        for line in (EVERYWHERE.strip() + table.rstrip()).splitlines():
            method, path, role, *_ = line.split()
            yield document, method, path, role


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[str, FastAPI]]:
    with throwaway_apps() as made:
        yield made


def template_of(document: Any, method: str, path: str) -> str | None:
    """The path template of the document that the call meets."""
    for template, described in document["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in described:
            return str(template)
    return None


def test_every_call_of_the_contract_is_documented(apps: dict[str, FastAPI]) -> None:
    missing = [
        f"{document}: {method} {path}"
        for document, method, path, _ in calls()
        if template_of(apps[document].openapi(), method, path) is None
    ]
    assert missing == []
    assert len(api_documents()) == len(DOCUMENTS) + 1


async def ask(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.request(method, path, headers=headers)).status_code


GUARDED = [call for call in calls() if call[3] != PUBLIC]


@pytest.mark.parametrize("call", GUARDED, ids=" ".join)
async def test_nobody_gets_in_without_a_token_or_with_too_small_a_role(
    apps: dict[str, FastAPI], call: Call
) -> None:
    document, method, path, role = call
    app = apps[document]
    assert await ask(app, method, path, {}) == 401
    assert await ask(app, method, path, {"Authorization": "Bearer not.a.token"}) == 401
    keys_dir = app.state.runtime.settings.keys
    token = sign_token(keys_dir, subject="x", roles=[BELOW[role]], offices=OFFICES, lifetime=60)
    assert await ask(app, method, path, {"Authorization": f"Bearer {token}"}) == 403


def test_only_what_the_contract_calls_public_is_documented_without_a_token(apps: dict[str, FastAPI]) -> None:
    public = {(document, method, path) for document, method, path, role in calls() if role == PUBLIC}
    for document, app in apps.items():
        schema = app.openapi()
        for template, described in schema["paths"].items():
            for method, call in described.items():
                if call.get("security"):
                    continue
                pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
                known = any(
                    document == where and method.upper() == verb and re.fullmatch(pattern, path)
                    for where, verb, path in public
                )
                assert known, f"{document}: {method.upper()} {template} lets in everybody"
