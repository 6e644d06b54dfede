"""The API documents under docs/api, made from the code; a test fails when they are stale."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import services
from services.central_mock import app as centre
from services.central_mock.settings import CentreSettings
from services.ektp.async_api import async_api_document
from services.ektp.errors import CommandFailed
from services.enrolment_api import app as enrolment
from services.enrolment_api.settings import EnrolmentSettings
from services.queue_api import app as queue
from services.queue_api.settings import QueueSettings
from shared.keys import create_keys

FOLDER = Path(services.__file__).parents[1] / "docs" / "api"


@contextmanager
def throwaway_apps() -> Iterator[dict[str, FastAPI]]:
    """Every app by the name of its document, over keys and databases that nobody keeps. None is started."""
    with tempfile.TemporaryDirectory(prefix="ektp-api-documents-") as directory:
        home = Path(directory)
        create_keys(home / "keys", demo=False)
        runtime = centre.build_runtime(CentreSettings(home=home))
        yield {
            "queue_api": queue.create_app(QueueSettings(home=home)),
            "enrolment_api": enrolment.create_app(EnrolmentSettings(home=home)),
            "central_mock": centre.create_app(CentreSettings(home=home), runtime),
            "central_mock_control": centre.create_control_app(runtime),
        }


def api_documents() -> dict[str, str]:
    """Each document's text by its file name."""
    with throwaway_apps() as apps:
        documents = {f"{name}.openapi.json": _text(app.openapi()) for name, app in apps.items()}
    return documents | {"events.asyncapi.json": _text(async_api_document())}


def write_documents(folder: Path = FOLDER) -> list[str]:
    """Write what has changed; its names."""
    folder.mkdir(parents=True, exist_ok=True)
    stale = stale_documents(folder)
    for name, text in stale.items():
        (folder / name).write_text(text)
    return sorted(stale)


def check_documents(folder: Path = FOLDER) -> None:
    """Raise CommandFailed naming the documents that do not say what the code does."""
    if stale := stale_documents(folder):
        raise CommandFailed(f"stale: {', '.join(sorted(stale))}; `ektp api-documents` writes them anew")


def stale_documents(folder: Path) -> dict[str, str]:
    """The documents that differ from the code, as they should be."""
    return {
        name: text
        for name, text in api_documents().items()
        if not (folder / name).exists() or (folder / name).read_text() != text
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
