"""What a request meets that never reaches the centre: cut, swallowed, or answered by something in front of it."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.types import Receive, Send

from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.faults.rules.domain import Subject
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.specs.http import (
    BodyForm,
    CaptivePortal,
    Http503,
    Quota,
    Redirect,
    RetryAfterForm,
    SlowStart,
    Status,
    Unauthorized,
)
from services.central_mock.faults.specs.kinds import Spec, Stage
from services.central_mock.faults.specs.socket import BlackHole, Hang, Refuse, Reset

PROBLEM = b"application/problem+json"
HTML = b"text/html; charset=utf-8"
NO_BODY = frozenset({204, 205, 304})
GARBAGE = b"in a while"
PORTAL = (
    b"<!DOCTYPE html><html><head><title>Masuk ke jaringan</title></head>"
    b'<body><form action="/login" method="post">Silakan masuk: <input name="user"></form></body></html>'
)


@dataclass(frozen=True)
class Made:
    """An answer that the centre did not give."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    async def send(self, send: Send) -> None:
        """Say it, with its true length."""
        length = (b"content-length", str(len(self.body)).encode())
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": self.status,
            "headers": [*self.headers, *([] if self.status in {204, 304} else [length])],
        }
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


async def meet_instead(
    ruling: Ruling,
    connection: FaultedProtocol,
    *,
    subject: Subject,
    now: datetime,
    receive: Receive,
    send: Send,
) -> bool:
    """Do the first fault that acts in the centre's place; False when the request may pass."""
    for each in [*ruling.at(Stage.CONNECTION), *ruling.at(Stage.INSTEAD)]:
        spec = each.spec
        if isinstance(spec, Hang | BlackHole):
            ruling.fired(each)
            connection.silence(each)
            if isinstance(spec, BlackHole):
                connection.wire.hold_reading()
        elif isinstance(spec, Refuse | Reset):
            ruling.fired(each)
            connection.cut(each)
        elif (made := made_by(each, subject, now)) is not None:
            ruling.fired(each)
            await made.send(send)
            return True
        else:
            continue
        await _until_gone(receive)
        return True
    return False


async def _until_gone(receive: Receive) -> None:
    """Read what the client sends and give it nothing, until it or the front ends the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def made_by(fired: Fired, subject: Subject, now: datetime) -> Made | None:
    """The answer that a fault gives to this request; None when it lets it pass."""
    maker = _MAKERS.get(type(fired.spec))
    return maker(fired, subject, now) if maker else None


def _http_503(fired: Fired, _subject: Subject, _now: datetime) -> Made:
    assert isinstance(fired.spec, Http503)
    return _problem(503, (b"retry-after", str(fired.spec.retry_after).encode()))


def _status(fired: Fired, _subject: Subject, now: datetime) -> Made:
    spec = fired.spec
    assert isinstance(spec, Status)
    headers = _retry_after(spec.retry_after_form, spec.retry_after, now)
    if spec.body is BodyForm.EMPTY or spec.status in NO_BODY:
        return Made(spec.status, headers)
    if spec.body is BodyForm.HTML:
        body = f"<html><head><title>{spec.status}</title></head><body><hr>nginx</body></html>".encode()
        return Made(spec.status, ((b"content-type", HTML), *headers), body)
    return _problem(spec.status, *headers)


def _portal(_fired: Fired, _subject: Subject, _now: datetime) -> Made:
    return Made(200, ((b"content-type", HTML),), PORTAL)


def _redirect(fired: Fired, _subject: Subject, _now: datetime) -> Made:
    assert isinstance(fired.spec, Redirect)
    return Made(fired.spec.status, ((b"location", fired.spec.location.encode()),))


def _unauthorized(_fired: Fired, _subject: Subject, _now: datetime) -> Made:
    return _problem(401, (b"www-authenticate", b"Bearer"))


def _quota(fired: Fired, subject: Subject, now: datetime) -> Made | None:
    """Windows lie on the clock, as a counter that is reset each minute does."""
    spec = fired.spec
    assert isinstance(spec, Quota)
    if fired.replayed is not None:
        return _over_quota(
            fired, spec.window_seconds if (left := fired.replayed.seconds) is None else left, now
        )
    window, into = divmod(now.timestamp(), spec.window_seconds)
    counts: dict[str | None, tuple[float, int]] = fired.memory.setdefault("counts", {})
    of_window, count = counts.get(subject.office, (window, 0))
    count = count + 1 if of_window == window else 1
    counts[subject.office] = (window, count)
    if count <= spec.requests:
        return None
    return _over_quota(fired, spec.window_seconds - into, now)


def _over_quota(fired: Fired, left: float, now: datetime) -> Made:
    """With what is left of the window, in seconds."""
    assert isinstance(fired.spec, Quota)
    fired.told["seconds"] = left
    return _problem(429, *_retry_after(fired.spec.retry_after_form, left, now))


def _slow_start(fired: Fired, _subject: Subject, now: datetime) -> Made | None:
    """A bucket whose rate grows with the time since the first request under the rule."""
    spec = fired.spec
    assert isinstance(spec, SlowStart)
    if fired.replayed is not None:
        return _turned_away(spec)
    began: datetime = fired.memory.setdefault("began", now)
    last: datetime = fired.memory.get("last", now)
    age = (now - began).total_seconds()
    if age >= spec.seconds:
        return None
    rate = spec.from_rate + (spec.to_rate - spec.from_rate) * age / spec.seconds
    allowed = fired.memory.get("allowed", 1.0) + max((now - last).total_seconds(), 0.0) * rate
    fired.memory["last"], fired.memory["allowed"] = now, min(allowed, max(rate, 1.0))
    if allowed >= 1.0:
        fired.memory["allowed"] -= 1.0
        return None
    return _turned_away(spec)


def _turned_away(spec: SlowStart) -> Made:
    return _problem(503, (b"retry-after", str(spec.retry_after).encode()))


_MAKERS: dict[type[Spec], Callable[[Fired, Subject, datetime], Made | None]] = {
    Http503: _http_503,
    Status: _status,
    CaptivePortal: _portal,
    Redirect: _redirect,
    Unauthorized: _unauthorized,
    Quota: _quota,
    SlowStart: _slow_start,
}

_DETAILS = {401: "Not known here", 429: "Too many requests", 503: "The centre is not available"}


def _problem(status: int, *headers: tuple[bytes, bytes]) -> Made:
    detail = _DETAILS.get(status, "The centre answers with an error")
    problem = {"type": "about:blank", "title": detail, "status": status, "detail": detail}
    return Made(status, ((b"content-type", PROBLEM), *headers), json.dumps(problem).encode())


def _retry_after(form: RetryAfterForm, seconds: float, now: datetime) -> tuple[tuple[bytes, bytes], ...]:
    if form is RetryAfterForm.NONE:
        return ()
    if form is RetryAfterForm.SECONDS:
        said = str(max(math.ceil(seconds), 0)).encode()
    elif form is RetryAfterForm.DATE:
        at = now + timedelta(seconds=math.ceil(seconds))
        said = format_datetime(at, usegmt=True).encode()
    else:
        said = GARBAGE
    return ((b"retry-after", said),)
