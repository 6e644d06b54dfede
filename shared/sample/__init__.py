"""The sample offices of both news reports, loaded where an OFFICES_FILE is not given."""

import json
from importlib.resources import files
from pathlib import Path

from shared.contracts.offices import Office


def load_offices(path: Path | None) -> list[Office]:
    """The offices of a JSON file, or the sample ones."""
    text = path.read_text() if path else (files(__name__) / "offices.json").read_text()
    return [Office.model_validate(each) for each in json.loads(text)]
