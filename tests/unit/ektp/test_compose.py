"""docker-compose.yml without a Docker engine: against the Compose schema, and against what `make run` starts."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from services.ektp.launch.specs import trio_specs
from services.ektp.settings import SERVICES, TrioSettings

ROOT = Path(__file__).parents[3]
# The Compose Specification's own schema, as the npm package dclint 3.1.0 carries it.
SCHEMA = Path(__file__).with_name("compose.schema.json")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_the_file_is_valid_by_the_compose_schema(compose: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)


def test_the_schema_would_notice_a_mistake(compose: dict[str, Any]) -> None:
    wrong = compose | {"services": compose["services"] | {"queue-api": {"imagee": "ektp"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(wrong)


def test_services_run_the_commands_that_make_run_uses(compose: dict[str, Any]) -> None:
    started = {spec.name: spec.argv for spec in trio_specs(TrioSettings(), "amqp://")}
    assert tuple(started) == SERVICES
    for name, argv in started.items():
        assert argv[0] == sys.executable
        assert compose["services"][name.replace("_", "-")]["command"] == ["python", *argv[1:]]


def test_services_ask_the_health_that_make_run_waits_for(compose: dict[str, Any]) -> None:
    for spec in trio_specs(TrioSettings(), "amqp://"):
        probe = compose["services"][spec.name.replace("_", "-")]["healthcheck"]["test"]
        assert probe == ["CMD", "python", "-m", "services.ektp.probe", spec.ready_url]


def test_one_image_and_migrations_before_every_service(compose: dict[str, Any]) -> None:
    services = compose["services"]
    ours = [services["migrate"], *(services[name.replace("_", "-")] for name in SERVICES)]
    assert len({service["image"] for service in ours}) == 1
    for service in ours[1:]:
        assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["rabbitmq"]["image"] == "rabbitmq:4"


def test_every_variable_is_one_the_services_know(compose: dict[str, Any]) -> None:
    known = set(trio_specs(TrioSettings(), "amqp://")[0].environment)
    own = {"central_mock": {"CENTRAL_CONTROL_TOKEN"}}  # make run's children have it from the shell
    for name in SERVICES:
        told = set(compose["services"][name.replace("_", "-")]["environment"])
        assert told <= known | own.get(name, set())


def test_no_secret_is_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in re.findall(r"^\s*\w*(?:PASS|SECRET|KEY)\w*: *(\S+)", text, re.MULTILINE):
        assert secret.startswith("${"), secret
    for password in re.findall(r"://\w+:([^@\s]+)@", text):
        assert password.startswith("${"), password


def test_the_dockerfile_copies_only_what_the_context_has() -> None:
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    assert set(copied) <= set(allowed)
