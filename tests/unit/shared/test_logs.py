"""One line an event, with the correlation id, and never a NIK in it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.logs import configure_logging
from shared.settings import LogFormat
from shared.tracing import continue_trace

NIK = "3313071609160001"
TRACE = "1234567890123456aaaaaaaaaaaaaaaa"  # begins with sixteen digits and is no NIK


@pytest.fixture(autouse=True)
def logged() -> Iterator[None]:
    """The real configuration here; the session's own is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def fail_with(message: str) -> None:
    raise ValueError(message)


def log_everything_with_a_nik() -> None:
    log = structlog.get_logger()
    text = f"read {NIK}"
    log.info(text)
    log.info("read", nik=NIK, number=int(NIK), many=[NIK, {"deep": (NIK,)}], **{"in": {NIK: NIK}})
    log.info("read", error=ValueError(NIK), raw=NIK.encode())
    try:
        fail_with(f"no such person: {NIK}")
    except ValueError:
        log.exception("read.failed")
        logging.getLogger("somebody.else").exception("failed for %s", NIK)
    logging.getLogger("somebody.else").warning("asked for %s", NIK)


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_a_nik_never_appears(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> None:
    configure_logging("enrolment_api", log_format, "info")
    log_everything_with_a_nik()
    written = capsys.readouterr()
    assert NIK not in written.out + written.err
    assert written.out.count("[nik]") >= 10
    assert "no such person" in written.out and "fail_with" in written.out, (
        "the trace is there, the NIK is not"
    )


def test_each_line_is_json_with_service_level_time_and_correlation_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("enrolment_api", LogFormat.JSON, "info")
    continue_trace(f"00-{TRACE}-00f067aa0ba902b7-01")
    log_everything_with_a_nik()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 6
    for line in lines:
        assert line["service"] == "enrolment_api" and line["level"] and line["timestamp"] and line["event"]
        assert line["correlation_id"] == TRACE


def test_what_looks_like_more_or_less_than_a_nik_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("queue_api", LogFormat.JSON, "info")
    structlog.get_logger().info(
        "counted", long="1" * 17, short="1" * 15, yes=True, none=None, share=0.25, n=3
    )
    line = json.loads(capsys.readouterr().out)
    assert (line["long"], line["short"]) == ("1" * 17, "1" * 15)
    assert (line["yes"], line["none"], line["share"], line["n"]) == (True, None, 0.25, 3)


def test_lines_below_the_level_and_noisy_libraries_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("queue_api", LogFormat.JSON, "info")
    structlog.get_logger().debug("details")
    logging.getLogger("httpx").info("GET http://…")
    assert capsys.readouterr().out == ""
