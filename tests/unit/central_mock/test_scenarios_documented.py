"""The page about scenarios shows those that come with the centre, and an example that can be defined."""

import re
from pathlib import Path

from services.central_mock.faults.scenarios.checking import check
from services.central_mock.faults.scenarios.presets import parse, presets

PAGE = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text()


def test_the_table_shows_each_preset_with_its_stages_and_source() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]*) \| [^|]* \| ([^|]*) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (each.name, ", ".join(stage.name for stage in each.stages), each.source)
        for each in presets().values()
    ]


def test_the_example_can_be_defined() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    check(parse(text))
