"""Structured logs: one line an event, JSON or readable, with the correlation id, and no PII."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.settings import LogFormat
from shared.tracing import correlation_id, in_trace

# Sixteen digits in a row are a NIK until shown otherwise; the last net, not the first.
_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
MASK = "[nik]"
# Hexadecimal of our own making: sixteen digits in a row may happen and say nothing.
_OURS = {"correlation_id", "event_id"}


def without_nik(text: str) -> str:
    """The text with whatever looks like a NIK blotted out."""
    return _NIK.sub(MASK, text)


def configure_logging(service: str, log_format: LogFormat, level: str) -> None:
    """Send structlog and the standard library's loggers to standard output."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _stamp(log_format),
        structlog.processors.format_exc_info,
        _add(service, log_format),
        mask_nik,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=28)
        if log_format is LogFormat.CONSOLE
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("aio_pika", "aiormq", "httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _stamp(log_format: LogFormat) -> structlog.typing.Processor:
    """A machine wants the whole time in UTC; the person in front of `make run` the clock on the wall."""
    if log_format is LogFormat.CONSOLE:
        return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    return structlog.processors.TimeStamper(fmt="iso", utc=True)


def _add(service: str, log_format: LogFormat) -> structlog.typing.Processor:
    """Who speaks, and the correlation id where there is a request or an event to correlate with."""

    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if log_format is LogFormat.JSON:
            event["service"] = service
        if in_trace():
            event.setdefault("correlation_id", correlation_id())
        return event

    return add


def mask_nik(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blot out whatever looks like a NIK in any part of the line."""
    for key, value in event.items():
        if key not in _OURS and not key.startswith("_"):  # structlog's own begin with _
            event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    match value:
        case bool() | float() | None:
            return value
        case str():
            return without_nik(value)
        case int():
            return MASK if _NIK.fullmatch(str(value)) else value
        case dict():
            return {_masked(key): _masked(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(each) for each in value]
        case _:
            return without_nik(str(value))
