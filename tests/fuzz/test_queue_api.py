"""Whatever is sent to queue_api, it answers what its OpenAPI document says and never with a fault of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from tests.fuzz.fuzzing import Trial, document, on_trial, try_case

schema = document("queue_api")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with on_trial("queue_api", tmp_path_factory.mktemp("queue_api")) as running:
        yield running


@schema.parametrize()
def test_answers_as_documented(case: schemathesis.Case[Any], trial: Trial) -> None:
    try_case(case, trial)
