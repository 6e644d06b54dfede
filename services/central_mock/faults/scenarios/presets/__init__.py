"""The outages that the documented facts and the issue's list know, each a file that cites its source."""

import tomllib
from functools import cache
from importlib.resources import files

from services.central_mock.faults.scenarios.scenario import Scenario


def parse(text: str) -> Scenario:
    """A scenario from its file. Raises tomllib.TOMLDecodeError and pydantic's ValidationError."""
    return Scenario.model_validate(tomllib.loads(text))


@cache
def presets() -> dict[str, Scenario]:
    """The scenarios that come with the centre, by name."""
    found = [parse(file.read_text()) for file in files(__name__).iterdir() if file.name.endswith(".toml")]
    return {scenario.name: scenario for scenario in sorted(found, key=lambda each: each.name)}
