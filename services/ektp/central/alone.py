"""The centre without the trio: start it in an empty directory, and make records to send to it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from services.ektp.central.control import ControlPort, check, find_control
from services.ektp.errors import CommandFailed
from services.ektp.settings import TrioSettings
from shared.settings import LogFormat, Profile

ENVELOPE, PACKET = "envelope.json", "packet.bin"


def serve() -> None:
    """Run the centre alone: keys and database are made in EKTP_HOME; Ctrl-C stops it."""
    from services.central_mock.__main__ import run  # the whole centre, for this command alone
    from services.central_mock.preparing import prepare_database, prepare_new
    from services.central_mock.settings import CentreSettings
    from services.ektp.launch.state import read_state
    from shared.logs import configure_logging

    trio = TrioSettings()
    settings = CentreSettings()
    if settings.profile is not Profile.DEMO:
        raise CommandFailed(
            "The centre is played for demo and tests only; EKTP_PROFILE says production", code=2
        )
    if read_state(trio.root) is not None:
        raise CommandFailed(f"A trio runs in {trio.root} and has a centre; set another EKTP_HOME")
    configure_logging(
        "central_mock", LogFormat.CONSOLE if _told_no_format() else settings.log_format, "WARNING"
    )
    prepare_new(settings)
    prepare_database(settings.database_url)
    typer.echo(
        f"The centre: {trio.urls['central_mock']}/central/v1, its console: {trio.urls['central_control']}/control/v1\n"
        f"State and keys: {trio.root}; a token for the console: ektp token --role ops"
    )
    run(settings)


def _told_no_format() -> bool:
    from services.central_mock.settings import CentreSettings

    return "log_format" not in CentreSettings().model_fields_set


def sample_record(
    *,
    out: Annotated[Path, typer.Option(help="Directory for envelope.json and packet.bin.")] = Path(),
    office: Annotated[str, typer.Option(help="Kemendagri code of the office that sends it.")] = "33.13.07",
    nik: Annotated[str, typer.Option(help="Of the person; the same one twice is found by the uniqueness check.")] = (
        "3313075708990001"
    ),
    captured_at: Annotated[
        str | None, typer.Option(help="RFC 3339; else the time of the centre's clock.")
    ] = None,
    photo_bytes: Annotated[int, typer.Option(min=0, max=60_000_000, help="How big the packet is.")] = 300,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Each in a directory of its key.")] = 1,
) -> None:  # fmt: skip
    """Write a record that the centre takes, sealed to its key; prints its key."""
    from shared.sample.records import sample_record as make  # cryptography: 0.2 s

    control = find_control()
    at = datetime.fromisoformat(captured_at or control.call("GET", "state")["now"])
    seal = _sealing_key(control)
    for number in range(count):
        record = make(seal, captured_at=at, office=office, nik=_person(nik, number), photo_bytes=photo_bytes)
        directory = out / record.key if count > 1 else out
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ENVELOPE).write_text(json.dumps(record.envelope))
        (directory / PACKET).write_bytes(record.packet)
        print(record.key)


def _person(nik: str, number: int) -> str:
    """Another person for each record: the last four digits are a serial number."""
    return f"{nik[:-4]}{(int(nik[-4:]) + number) % 10_000:04d}"


def _sealing_key(control: ControlPort) -> Any:
    """From the deployment's directory, where the centre need not answer, else from the centre."""
    import httpx

    from shared.keys import SEAL_PUBLIC
    from shared.packets import Sealer

    if (control.trio.keys_dir / SEAL_PUBLIC).exists():
        return Sealer.from_directory(control.trio.keys_dir)
    url = f"{control.trio.urls['central_mock']}/central/v1/keys"
    try:
        answer = httpx.get(url, timeout=5, trust_env=False)
    except httpx.TransportError as error:
        raise CommandFailed(f"No answer from {url}: {error}") from error
    check(answer)
    return answer.json()["seal"]
