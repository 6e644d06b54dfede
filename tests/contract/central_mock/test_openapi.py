"""The documents name every call of the contract, and every reference in them leads somewhere."""

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.central_mock.app import build_runtime, create_app, create_control_app
from services.central_mock.settings import CentreSettings
from shared.keys import create_keys

API = {
    ("post", "/central/v1/records"),
    ("get", "/central/v1/records/{key}"),
    ("get", "/central/v1/results"),
    ("post", "/central/v1/reconciliations"),
    ("post", "/central/v1/imports"),
    ("get", "/central/v1/residents"),
    ("get", "/central/v1/residents/{nik}"),
    ("get", "/central/v1/keys"),
    ("get", "/central/v1/health"),
}
CONSOLE = {
    ("post", "/control/v1/offline"),
    ("post", "/control/v1/online"),
    ("get", "/control/v1/state"),
    ("get", "/control/v1/uniqueness"),
    ("put", "/control/v1/uniqueness"),
    ("get", "/control/v1/clock"),
    ("put", "/control/v1/clock"),
    ("get", "/control/v1/journal"),
    ("get", "/control/v1/journal/export"),
    ("get", "/control/v1/behaviour"),
    ("post", "/control/v1/verify"),
    ("post", "/control/v1/reset"),
    ("get", "/control/v1/stream"),
}
SHARED = {("get", "/health/live"), ("get", "/health/ready"), ("get", "/metrics")}


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FastAPI]:
    home = tmp_path_factory.mktemp("documents")
    create_keys(home / "keys", demo=False)
    centre = build_runtime(CentreSettings(home=home))
    return {"api": create_app(centre.settings, centre), "console": create_control_app(centre)}


@pytest.mark.parametrize(("name", "calls"), [("api", API | SHARED), ("console", CONSOLE | SHARED)])
def test_every_call_of_the_contract_is_documented(
    apps: dict[str, FastAPI], name: str, calls: set[tuple[str, str]]
) -> None:
    paths = apps[name].openapi()["paths"]
    assert calls <= {(method, path) for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("name", ["api", "console"])
def test_every_reference_leads_somewhere(apps: dict[str, FastAPI], name: str) -> None:
    document = apps[name].openapi()
    for found in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        place = document
        for step in Path(found).parts:
            place = place[step]


def test_the_way_in_is_documented_with_its_form_and_its_key(apps: dict[str, FastAPI]) -> None:
    call = apps["api"].openapi()["paths"]["/central/v1/records"]["post"]
    form = call["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["required"]) == {"envelope", "packet"}
    assert {"name": "Idempotency-Key", "required": True}.items() <= {
        key: value for each in call["parameters"] for key, value in each.items() if each["name"] != "X-Office"
    }.items()
    assert {"200", "201", "409", "413", "415", "422"} <= call["responses"].keys()
