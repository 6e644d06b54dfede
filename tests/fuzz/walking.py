"""Walks along the links of a document: a ticket is issued, called and finished, a record drafted, read and completed.

Where something is made two of three orders are in order: walks that begin with nonsense end there. What follows is
drawn by schemathesis from what each answer links to.
"""

import json
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput

from services.ektp.api_documents import FOLDER
from tests.fuzz.fuzzing import CHECKS, TIMEOUT, Trial, document
from tests.fuzz.things import ORDERS, WORK, client_of

WALKS = 6
MOST_WALKS = 40
STEPS = 10
ONE_WALK = settings(
    max_examples=2,  # the first is the simplest there is, and goes nowhere
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def linked(name: str) -> set[str]:
    """The operations that a link leads from or to: a walk that goes elsewhere ends there."""
    paths = json.loads((FOLDER / f"{name}.openapi.json").read_text())["paths"]
    labels, found = dict[str, str](), set[str]()
    for path, operations in paths.items():
        for method, operation in operations.items():
            labels[operation["operationId"]] = f"{method.upper()} {path}"
    for path, operations in paths.items():
        for method, operation in operations.items():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    found |= {f"{method.upper()} {path}", labels[link["operationId"]]}
    return found


def walk(name: str, trial: Trial, *, ways: int, through: str) -> None:
    """Walk, held to the document at each step, until links were followed to so many operations, and a few times more.

    `through` is an operation that has to be among them.

    Where a walk goes depends on what the service remembers of earlier ones: some take more of them than others.
    """
    followed: Counter[str] = Counter()
    found: list[FailureGroup] = []
    walker = _walker(name, trial, followed, found)
    for seed in range(MOST_WALKS):
        walker._hypothesis_internal_use_seed = seed
        with suppress(Flaky):  # a service remembers what was done before, so nothing comes out the same twice
            walker.run(settings=ONE_WALK)
        if found:
            raise found[0]
        if seed + 1 >= WALKS and len(followed) >= ways and through in followed:
            return
    raise AssertionError(f"{MOST_WALKS} walks led to no more than {dict(followed)}")


def _walker(name: str, trial: Trial, followed: Counter[str], found: list[FailureGroup]) -> Any:
    """A state machine that notes which links it followed, by where they led, and what was not as documented."""
    on_the_way = linked(name)
    whole = document(name).include(func=lambda context: context.operation.label in on_the_way)
    machine: Any = whole.as_state_machine()
    numbers = count()

    class Walk(machine):  # type: ignore[misc]  # made from the document
        def step(self, input: StepInput) -> StepOutput:  # noqa: A002  # its name there
            case = input.case
            if input.transition is None:
                trial.hands.put_into(case.path_parameters)
                trial.hands.put_into(case.query)
            make_order = ORDERS.get(case.operation.label)
            if make_order is not None and (number := next(numbers)) % 3:
                order = make_order(number, trial.service)
                case.body, case.media_type = order.body, order.media_type
                case.headers.update(order.headers)
            output: StepOutput = super().step(input)
            if case.operation.label in WORK and output.response.status_code == httpx.codes.CREATED:
                with client_of(trial.service) as client:
                    WORK[case.operation.label](client, output.response.json())
            if input.transition is not None and input.is_applied and output.response.status_code < 400:
                followed[case.operation.label] += 1
            return output

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"base_url": trial.service.url, "headers": trial.service.everybody(), "timeout": TIMEOUT}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            kwargs.pop("additional_checks", None)
            try:
                case.validate_response(response, checks=CHECKS, transport_kwargs=kwargs)
            except FailureGroup as failure:
                found.append(failure)
                raise

    return Walk
