"""Whoever walks along the links of a document is answered as it says, from what is made to what becomes of it.

On a service of its own: the other fuzz leaves offices without hours, rules that refuse and lines that are closed.
"""

from pathlib import Path

import pytest

from tests.fuzz.fuzzing import on_trial
from tests.fuzz.walking import walk


@pytest.mark.parametrize(
    ("name", "ways", "through"),
    [
        ("queue_api", 5, "POST /v1/vouchers/{code}/redeem"),
        ("enrolment_api", 5, "POST /v1/enrolments/{record_id}/complete"),
        ("central_mock", 3, "GET /central/v1/records/{key}"),
        ("central_mock_control", 3, "PUT /control/v1/faults/{name}"),
    ],
)
def test_every_answer_on_the_way_is_as_documented(name: str, ways: int, through: str, tmp_path: Path) -> None:
    with on_trial(name, tmp_path) as trial:
        walk(name, trial, ways=ways, through=through)
