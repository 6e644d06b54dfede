"""What brokers do: die, stand still, run out of memory, lose queues, consumers, bindings and connections."""

from collections.abc import Callable

from tests.chaos.faults.acting import Counted, Option, Planned, Stage, in_thread
from tests.chaos.setup import Setup

BROKER = "broker"
QUEUES = {"queue": "queue_api.enrolment_events", "enrolment": "enrolment_api.queue_events"}
"""By who consumes it, as docs/operations.md names them."""


def the_broker(_setup: Setup) -> list[Option]:
    return [Option(BROKER, (BROKER,))]


def queues(_setup: Setup) -> list[Option]:
    return [Option(queue, (BROKER,)) for queue in QUEUES.values()]


class BrokerKilled:
    """Kill -9 of the node, started again when it ends."""

    def __init__(self, stage: Stage, _planned: Planned) -> None:
        self._broker = stage.trio.broker
        self._counted = Counted(stage, BROKER, "killed")

    async def begin(self) -> None:
        await in_thread(self._broker.kill)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        await self._broker.start()


class BrokerFrozen:
    """SIGSTOP of the node."""

    def __init__(self, stage: Stage, _planned: Planned) -> None:
        self._broker = stage.trio.broker
        self._counted = Counted(stage, BROKER, "stopped")

    async def begin(self) -> None:
        self._broker.stop()

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        self._broker.cont()


class MemoryAlarm:
    """It takes connections and no messages."""

    def __init__(self, stage: Stage, _planned: Planned) -> None:
        self._broker = stage.trio.broker
        self._counted = Counted(stage, BROKER, "memory alarm")

    async def begin(self) -> None:
        await in_thread(self._broker.raise_memory_alarm)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        await in_thread(self._broker.clear_memory_alarm)


class AtOnce:
    """Something that is done in a moment and mended by the services themselves, tried until it befell something."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._work = work
        self._count = 0

    async def begin(self) -> None:
        self._count += int(await in_thread(self._work))

    async def acted(self) -> int:
        if not self._count:
            await self.begin()  # the queue or its consumer was not back from the fault before
        return self._count

    async def end(self) -> None:
        return


def queue_deleted(stage: Stage, planned: Planned) -> AtOnce:
    return AtOnce(lambda: stage.trio.broker.delete_queue(planned.target))


def queue_broken(stage: Stage, planned: Planned) -> AtOnce:
    return AtOnce(lambda: stage.trio.broker.break_queue(planned.target))


def unrouted(stage: Stage, planned: Planned) -> AtOnce:
    return AtOnce(lambda: stage.trio.broker.unbind(planned.target))


def consumers_cancelled(stage: Stage, planned: Planned) -> AtOnce:
    return AtOnce(lambda: stage.trio.broker.cancel_consumers(planned.target, told=planned.number % 2 == 0))


def connections_closed(stage: Stage, _planned: Planned) -> AtOnce:
    return AtOnce(stage.trio.broker.close_connections)
