"""Every fault of the centre's console that a client can mend, and by name those that none can."""

import asyncio
from typing import Any

import httpx

from tests.chaos.faults.acting import Option, Planned, Stage
from tests.chaos.setup import Setup

LEFT_OUT = {
    "APPLIED_TWICE": "the centre takes one request for two: no client can see it, none can mend it",
    "KEYS_FORGOTTEN": "acts only on a key that comes twice, and ours comes twice only when the centre said that it"
    " had no such record: then no client can mend it",
    "BATCH_HALF_DONE": "acts on imports, and these clients carry no boxes to the centre",
}
SEND = {"match": {"endpoints": ["records.post"]}}
ASK = {"match": {"endpoints": ["records.post", "records.get", "results.get"]}}
HALF = {"shape": {"probability": 0.5}}


def _one(kind: str, order: dict[str, Any] | None = None, **settings: Any) -> list[dict[str, Any]]:
    return [{"fault": {"kind": kind} | settings} | (order or {})]


SOCKET = {
    "REFUSE": _one("REFUSE"),
    "HANG": _one("HANG"),
    "BLACK_HOLE": _one("BLACK_HOLE", HALF),
    "RESET": _one("RESET", HALF),
    "RESET_MID_ANSWER": _one("RESET_MID_ANSWER", HALF),
    "RESET_AFTER_ANSWER": _one("RESET_AFTER_ANSWER"),
    "HALF_CLOSE": _one("HALF_CLOSE", HALF),
    "DRIP": _one("DRIP", bytes_per_second=200.0),
    "BANDWIDTH": _one("BANDWIDTH", bytes_in_per_second=4000.0, bytes_out_per_second=4000.0),
    "LATENCY": _one("LATENCY", seconds=3.0, spread="LOGNORMAL", jitter=0.5),
    "KEEP_ALIVE_CUT": _one("KEEP_ALIVE_CUT", idle_seconds=0.02),
}
HTTP = {
    "HTTP_503": _one("HTTP_503", HALF, retry_after=5),
    "STATUS": _one("STATUS", HALF, status=502, retry_after=5.0, retry_after_form="DATE", body="HTML"),
    "EMPTY_BODY": _one("EMPTY_BODY", HALF),
    "MALFORMED_JSON": _one("MALFORMED_JSON", HALF),
    "TRUNCATED": _one("TRUNCATED", HALF, share=0.5, content_length=False),
    "WRONG_CONTENT_LENGTH": _one("WRONG_CONTENT_LENGTH", HALF, off_by=20),
    "CAPTIVE_PORTAL": _one("CAPTIVE_PORTAL", HALF),
    "REDIRECT": _one("REDIRECT", HALF),
    "UNAUTHORIZED": _one("UNAUTHORIZED", HALF),
    "OVERSIZE": _one("OVERSIZE", HALF, body_bytes=1_000_000),
    "QUOTA": _one("QUOTA", requests=2, window_seconds=10.0, retry_after_form="GARBAGE"),
    "SLOW_START": _one("SLOW_START", from_rate=0.2, to_rate=2.0, seconds=60.0, retry_after=2),
}
MEANING = {
    "ANSWER_LOST": _one("ANSWER_LOST", HALF),
    "FORGOTTEN": _one("FORGOTTEN", HALF),
    "RESULT_LATE": _one("RESULT_LATE", seconds=60.0),
    "RESULT_OUT_OF_ORDER": _one("RESULT_OUT_OF_ORDER"),
    "RESULT_TWICE": _one("RESULT_TWICE"),
    "RESULT_NEVER": _one("RESULT_NEVER"),
    "RESULT_OF_ANOTHER": _one("RESULT_OF_ANOTHER"),
    "CORRUPT_RECEIPT hash": _one("CORRUPT_RECEIPT", HALF, part="HASH"),
    "CORRUPT_RECEIPT signature": _one("CORRUPT_RECEIPT", HALF, part="SIGNATURE"),
    "CORRUPT_RECEIPT key": _one("CORRUPT_RECEIPT", HALF, part="KEY"),
    "CLOCK_SKEW": _one("CLOCK_SKEW", seconds=-86_400.0),
    # twenty seconds of the machine, in which something has surely come
    "OLD_BACKUP": _one("OLD_BACKUP", age_seconds=200.0),
    # a look-up only comes after an answer that did not
    "STALE_READ": [*_one("STALE_READ", seconds=20.0), *_one("ANSWER_LOST", HALF)],
    "CHECK_OVERLOADED": _one("CHECK_OVERLOADED", decisions_per_minute=1.0),
}
ACTS_WHEN_SET = frozenset({"OLD_BACKUP", "REFUSE"})
"""What acts once, and never if there was nothing to act on just then: whom a closed socket refuses, nobody counts."""
CENTRE, CONSOLE = "centre", "console"
TRIES, PAUSE = 20, 0.5


def rules(table: dict[str, list[dict[str, Any]]]) -> Any:
    """Each of a table; one at a time, and not while the centre is dead: its counts would be gone."""

    def options(_setup: Setup) -> list[Option]:
        return [Option(name, (CENTRE, CONSOLE), {"orders": orders}) for name, orders in table.items()]

    return options


class Rules:
    """The rules of one entry, set and taken off over the console."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._console = stage.console
        self._orders: list[dict[str, Any]] = [
            order | {"name": f"chaos-{planned.number}-{index}", "reason": f"fault {planned.number}"}
            for index, order in enumerate(planned.detail["orders"])
        ]
        self._acts_when_set = planned.target in ACTS_WHEN_SET

    async def begin(self) -> None:
        for order in self._orders:
            await self._set(order)

    async def _set(self, order: dict[str, Any]) -> None:
        """The centre may be busy starting, or working off what waits."""
        for left in range(TRIES - 1, -1, -1):
            try:
                (await self._console.post("/control/v1/faults", json=order)).raise_for_status()
                return
            except httpx.TransportError:
                if not left:
                    raise
            await asyncio.sleep(PAUSE)

    async def acted(self) -> int:
        """The rarest of the rules counts. What acts when it is set is set again until it has met something."""
        rarest = await self._rarest()
        if not rarest and self._acts_when_set:
            await self.end()
            await asyncio.sleep(PAUSE)  # in which somebody may come
            await self.begin()
            rarest = await self._rarest()
        return rarest

    async def _rarest(self) -> int:
        return min([await self._fired(order["name"]) for order in self._orders])

    async def end(self) -> None:
        for order in self._orders:
            gone = await self._console.delete(f"/control/v1/faults/{order['name']}")
            if gone.status_code != httpx.codes.NOT_FOUND:  # a start of the centre may have ended it
                gone.raise_for_status()

    async def _fired(self, name: str) -> int:
        answer = await self._console.get(f"/control/v1/faults/{name}")
        return int(answer.json()["fired"]) if answer.is_success else 0
