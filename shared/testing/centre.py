"""A client of the centre's console for tests of anything that talks to a centre.

    async with CentreClient(control_url, token) as centre:
        async with centre.offline("HANG"):
            ...
        async with centre.fault("DRIP", bytes_per_second=8, offices=["33.13.*"], first=1) as drip:
            ...
            await drip.assert_fired()
        await centre.assert_verified(keys)

Faults, their settings and their matchers have the console's own names; `centre.kinds()` tells them all. What a block
set is taken off when the block ends, however it ends. A test that is killed can't do that: its rules have a short life
of their own.
"""

import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from shared.sample.records import SampleRecord, sample_record

LIFE = 120.0
"""Real seconds after which a rule ends that nobody took off."""
LONGEST = 7 * 86_400
TOKEN = "CENTRAL_CONTROL_TOKEN"  # noqa: S105  # the name of the variable
TIMEOUT = 20.0
OFFLINE = "offline"
MATCH = ("offices", "endpoints", "keys", "direction")
SHAPE = ("probability", "first", "every", "after", "times", "per")
ORDER = ("name", "priority", "reason")


class CentreRefused(AssertionError):
    """The console did not do what was asked; the message is its own."""


class Spec(Protocol):
    """A fault as an object, like those of the centre's own package."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """As JSON has it."""


class Fault:
    """A rule that a test has set."""

    def __init__(self, centre: "CentreClient", name: str) -> None:
        self.name = name
        self._centre = centre

    async def state(self) -> dict[str, Any]:
        """As the console shows it."""
        return await self._centre.rule(self.name)

    async def fired(self) -> int:
        """How often it acted; after its end, how often it had."""
        return await self._centre.fired(self.name)

    async def assert_fired(self, times: int | None = None) -> None:
        """That it acted, exactly so often if it is said: a test whose fault did nothing has shown nothing."""
        await self._centre.assert_fired(self.name, times)


class Scenario:
    """A scenario that a test has started."""

    def __init__(self, centre: "CentreClient", name: str) -> None:
        self.name = name
        self._centre = centre

    async def state(self) -> dict[str, Any]:
        """Its stages, and where it stands."""
        return dict(await self._centre.get(f"scenarios/{self.name}"))

    async def stage(self) -> str | None:
        """The stage it is in; None when it is over."""
        run = (await self.state())["run"]
        return run and str(run["stage"]["name"])

    async def step(self) -> None:
        """The next stage now."""
        await self._centre.post(f"scenarios/{self.name}/step")

    async def pause(self) -> None:
        """Hold the stage, for an hour of the clock at most."""
        await self._centre.post(f"scenarios/{self.name}/pause")

    async def resume(self) -> None:
        """Go on."""
        await self._centre.post(f"scenarios/{self.name}/resume")


class CentreClient:
    """One console. `api_url` is needed for `record` and `api` only.

    `token` is the console's own, else one that the deployment has signed for ops; without it CENTRAL_CONTROL_TOKEN.
    """

    def __init__(self, control_url: str, token: str = "", *, api_url: str = "", life: float = LIFE) -> None:
        self.control_url = control_url
        self.api_url = api_url
        self.life = life
        self._http = httpx.AsyncClient(
            base_url=f"{control_url}/control/v1/",
            headers={"Authorization": f"Bearer {token or os.environ.get(TOKEN, '')}"},
            timeout=TIMEOUT,
            trust_env=False,
        )
        self._speed = 1.0
        self._seal: str | None = None
        self._on: set[str] = set()
        self._fired: dict[str, int] = {}
        """How often those acted that are off again."""

    async def __aenter__(self) -> Self:
        try:
            self._speed = float((await self.state())["clock_speed"])
        except BaseException:  # nobody leaves what nobody could enter
            await self._http.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for name in list(self._on):
                await self._off(name)
        finally:
            await self._http.aclose()

    @asynccontextmanager
    async def fault(
        self, what: "str | Spec", *, life: float | None = None, **said: Any
    ) -> AsyncIterator[Fault]:
        """A fault, on while the block runs: `what` is its kind or an object with its settings.

        `said` are settings of the fault, matchers (offices, endpoints, keys, direction), its shape (probability,
        first, every, after, times, per), name, priority and reason. `life` is in real seconds.
        """
        order = order_of(what, said) | {"for": self._life(life)}
        rule = await self.post("faults", order)
        async with self._while_on(str(rule["name"])) as name:
            yield Fault(self, name)

    @asynccontextmanager
    async def offline(self, mode: str = "REFUSE", *, life: float | None = None) -> AsyncIterator[Fault]:
        """The whole centre away while the block runs."""
        await self.post("offline", {"mode": mode.upper(), "for": self._life(life), "reason": "a test"})
        async with self._while_on(OFFLINE) as name:
            yield Fault(self, name)

    @asynccontextmanager
    async def scenario(self, name: str, *, stage: str | None = None) -> AsyncIterator[Scenario]:
        """A scenario, running while the block does. It is as long as it says it is: a killed test leaves it running."""
        await self.post(f"scenarios/{name}/start", {"stage": stage, "reason": "a test"})
        try:
            yield Scenario(self, name)
        finally:
            await self.post(f"scenarios/{name}/stop")

    @asynccontextmanager
    async def _while_on(self, name: str) -> AsyncIterator[str]:
        self._on.add(name)
        try:
            yield name
        except BaseException:
            await self._off(name)
            raise
        if not await self._off(name):
            raise CentreRefused(f"'{name}' ended before its block did: give it a longer `life`")

    async def _off(self, name: str) -> bool:
        """Take it off and keep what it had done; False when it was off already and nobody here had ordered that."""
        if name not in self._on:
            return True
        self._on.discard(name)
        with contextlib.suppress(CentreRefused):
            self._fired[name] = int((await self.rule(name))["fired"])
        answer = await self._http.delete(f"faults/{name}")
        if answer.status_code == 404:
            return False
        check(answer)
        return True

    def _life(self, life: float | None) -> str:
        seconds = min((life or self.life) * max(self._speed, 1.0), LONGEST)
        return f"PT{seconds:.3f}S"

    async def clear(self) -> None:
        """Take everything off, whoever set it."""
        for name in self._on:
            with contextlib.suppress(CentreRefused):
                self._fired[name] = int((await self.rule(name))["fired"])
        self._on.clear()
        check(await self._http.delete("faults"))

    async def reset(self) -> None:
        """Forget all records, results, the journal and all rules."""
        self._on.clear()
        self._fired.clear()
        await self.post("reset")

    async def decide_after(self, seconds: float) -> None:
        """Let the uniqueness check wait so long, in seconds of the clock."""
        policy = await self.get("uniqueness") | {"delay_seconds": seconds}
        await self._send("PUT", "uniqueness", policy)

    async def seed(self, number: int) -> None:
        """Start the dice here, and count attempts anew."""
        await self._send("PUT", "seed", {"seed": number})

    async def state(self) -> dict[str, Any]:
        """Everything that can be set, and what it does now."""
        return dict(await self.get("state"))

    async def kinds(self) -> list[dict[str, Any]]:
        """Every fault there is, with the JSON schema of its settings."""
        return list(await self.get("faults/kinds"))

    async def rule(self, name: str) -> dict[str, Any]:
        """A rule that is on."""
        return dict(await self.get(f"faults/{name}"))

    async def fired(self, name: str) -> int:
        """How often a rule acted; of those set here also after their end."""
        if name in self._fired and name not in self._on:
            return self._fired[name]
        return int((await self.rule(name))["fired"])

    async def assert_fired(self, name: str, times: int | None = None) -> None:
        """That a rule acted, exactly so often if it is said."""
        fired = await self.fired(name)
        assert fired >= 1 if times is None else fired == times, f"'{name}' acted {fired} times"

    async def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """All matching entries, by the console's own filters."""
        answer = await self._http.get("journal/export", params=wanted)
        check(answer)
        return [json.loads(line) for line in answer.text.splitlines()]

    async def verify(self, believed: Iterable[str | Mapping[str, Any]], **about: Any) -> dict[str, Any]:
        """What the centre says of a list of keys, or of `{"key", "sha256"?, "office"?}`."""
        records = [{"key": each} if isinstance(each, str) else dict(each) for each in believed]
        return dict(await self.post("verify", {"records": records, **about}))

    async def assert_verified(self, believed: Iterable[str | Mapping[str, Any]], **about: Any) -> None:
        """That each is at the centre, once, with its own bytes."""
        told = await self.verify(believed, **about)
        wrong = {
            name: told[name] for name in ("lost", "duplicated", "unexpected", "mismatched") if told[name]
        }
        assert told["ok"], f"belief and fact differ: {wrong}"

    async def record(self, **about: Any) -> SampleRecord:
        """A record that the centre takes, sealed to its key.

        The first one asks the centre for its key, like any client: make it before a fault is on.
        """
        if self._seal is None:
            async with httpx.AsyncClient(base_url=self.api_url, timeout=TIMEOUT, trust_env=False) as api:
                answer = await api.get("/central/v1/keys")
            check(answer)
            self._seal = str(answer.json()["seal"])
        now = datetime.fromisoformat((await self.state())["now"])
        return sample_record(self._seal, **{"captured_at": now, **about})

    async def get(self, path: str, **params: Any) -> Any:
        """Any other call of the console."""
        answer = await self._http.get(path, params=params)
        check(answer)
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """Any other order."""
        return await self._send("POST", path, body)

    async def _send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = await self._http.request(method, path, json=body, headers=headers)
        check(answer)
        return answer.json() if answer.content else None


def order_of(what: str | Spec, said: Mapping[str, Any]) -> dict[str, Any]:
    """The console's order; what is neither a matcher nor a shape is a setting of the fault."""
    rest = dict(said)
    match = {name: rest.pop(name) for name in MATCH if name in rest}
    shape = {name: rest.pop(name) for name in SHAPE if name in rest}
    more = {"reason": "a test"} | {name: rest.pop(name) for name in ORDER if name in rest}
    fault = {"kind": what.upper()} if isinstance(what, str) else what.model_dump(mode="json")
    return {"fault": fault | rest, "match": match, "shape": shape, **more}


def check(answer: httpx.Response) -> None:
    """Raise CentreRefused with the problem's words."""
    if answer.is_error:
        raise CentreRefused(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        )
