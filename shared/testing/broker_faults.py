"""A broker under the harness's thumb: killed, frozen, out of memory, its queues and consumers taken away."""

import asyncio
import shutil
import signal
import time
from pathlib import Path
from string import Template

from shared.messaging.node import BrokerNode
from shared.testing import erlang
from shared.testing.ports import free_port
from shared.testing.power import PoweredDisk
from shared.testing.signals import deliver
from shared.testing.timeline import Timeline

READY_WITHIN = 60.0
POLL = 0.05
# Of the machine's memory: RabbitMQ's own default, and one that every node is over.
ROOM, NO_ROOM = 0.4, 0.0000001


class Broker:
    """One private node; the same verbs as a process, and the faults that only a broker has."""

    name = "broker"

    def __init__(
        self, home: Path, timeline: Timeline | None = None, *, disk: PoweredDisk | None = None
    ) -> None:
        """What it keeps lies on `disk`, if it is given one: then its power can be cut."""
        self.node = BrokerNode(home, port=free_port())
        self.disk = disk
        if disk is not None:
            self._keep_on(disk)
        self.vhost = "/"
        self._wanted = False
        self.is_frozen = False
        self._timeline = timeline or Timeline()
        self.tell(self._timeline)

    def tell(self, timeline: Timeline) -> None:
        """Let another timeline have what happens here: a node may outlive the trio that used it."""
        self._timeline = timeline
        timeline.follow(self.name, self.node.home / "log" / "out")
        if self.disk is not None:
            self.disk.tell(timeline)

    @property
    def port(self) -> int:
        """Where it takes connections, past every proxy."""
        return self.node.port

    @property
    def url(self) -> str:
        """Its URL for AMQP, past every proxy."""
        return self.url_through(self.port)

    def url_through(self, port: int) -> str:
        """The same by another port, a proxy's."""
        return f"amqp://guest:guest@127.0.0.1:{port}/{'' if self.vhost == '/' else self.vhost}"

    @property
    def pid(self) -> int | None:
        """The node's process, None when there is none."""
        return self.node.pid if self.node.is_running() else None

    def is_running(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self.node.is_running()

    def is_wanted(self) -> bool:
        """Whether it was started and not killed by the harness."""
        return self._wanted

    def spawn(self) -> None:
        """Start it and return at once; does nothing when it runs."""
        self._wanted = True
        if not self.node.is_running():
            self.node.start()
            self._timeline.note(self.name, f"started, process {self.node.pid}")

    async def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until it takes connections. Raises BrokerFailed."""
        deadline = time.monotonic() + within
        while not await asyncio.to_thread(self.node.is_ready):
            if not self.node.is_running() or time.monotonic() > deadline:
                self.node.wait_ready(0)
            await asyncio.sleep(POLL)
        self._settle()
        self._timeline.note(self.name, "ready")

    async def start(self, within: float = READY_WITHIN) -> None:
        """Start it and wait until it takes connections: 4 to 8 s."""
        self.spawn()
        await self.wait_ready(within)

    def kill(self) -> None:
        """Kill -9; its durable queues are there after the next start."""
        self._wanted = False
        if self.node.is_running():
            self._timeline.note(self.name, "killed (-9)", fault="killed")
            self.is_frozen = False
            self.node.kill()

    def stop(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and answer nothing, not even heartbeats."""
        self._signal(signal.SIGSTOP, "stopped (SIGSTOP)", fault="stopped")
        self.is_frozen = self.is_running()

    def cont(self) -> None:
        """Thaw it (SIGCONT)."""
        if self.is_frozen:
            self._signal(signal.SIGCONT, "continued (SIGCONT)")
            self.is_frozen = False

    def close(self) -> None:
        """End it and its name server for good, and its disk with it."""
        self._wanted = False
        self.node.kill()
        self.node.stop()
        if self.disk is not None:
            self.disk.close()

    def use_vhost(self, name: str) -> None:
        """Make a virtual host and hand out URLs to it: a trio of its own on a node that is used again."""
        self.ask(erlang.MAKE_VHOST.substitute(vhost=name))
        self.vhost = name
        self._settle()

    def drop_vhost(self) -> None:
        """Delete the virtual host that was made last, with its queues."""
        if self.vhost != "/":
            self.ask(erlang.DROP_VHOST.substitute(vhost=self.vhost))
            self.vhost = "/"

    def raise_memory_alarm(self) -> None:
        """Over its limit: it takes connections and no messages."""
        self._alarm(NO_ROOM, "memory alarm raised", fault="memory alarm")

    def clear_memory_alarm(self) -> None:
        """Under its limit again."""
        self._alarm(ROOM, "memory alarm cleared")

    def has_alarm(self) -> bool:
        """Whether any alarm is raised now."""
        return self.ask(erlang.ALARMS) != "[]"

    def delete_queue(self, queue: str) -> bool:
        """Delete a queue with everything in it; False when there was none."""
        return self._count(erlang.DELETE_QUEUE, queue, "queue deleted") > 0

    def break_queue(self, queue: str) -> bool:
        """Let a quorum queue lose its only member: it can be declared, not consumed; False when there was none."""
        return self._count(erlang.BREAK_QUEUE, queue, "queue broken") > 0

    def unbind(self, queue: str) -> int:
        """Take a queue's bindings away: what is published for it is unroutable. How many there were."""
        return self._count(erlang.UNBIND, queue, "bindings removed")

    def cancel_consumers(self, queue: str, *, told: bool = True) -> int:
        """Cancel a queue's consumers; with `told` off the clients are not told. How many there were."""
        template = erlang.CANCEL_CONSUMERS if told else erlang.LOSE_CONSUMERS
        return self._count(
            template, queue, "consumers cancelled" if told else "consumers lost without a word"
        )

    def close_connections(self) -> int:
        """Close every connection, as an operator does; how many there were."""
        count = int(self.ask(erlang.CLOSE_CONNECTIONS))
        self._timeline.note(self.name, f"{count} connections closed", fault="connections closed", times=count)
        return count

    def depth(self, queue: str) -> int | None:
        """Messages that wait in a queue for a consumer; None when there is no such queue."""
        found = int(self.ask(self._fill(erlang.DEPTH, queue)))
        return None if found < 0 else found

    def heal(self) -> None:
        """Thaw it and clear its alarm; what was deleted or killed is the harness's to start again."""
        if self.node.is_running():
            self.cont()
            if self.has_alarm():
                self.clear_memory_alarm()

    def ask(self, expression: str) -> str:
        """What the node answers to an Erlang expression. Raises BrokerFailed, also when it is frozen."""
        return erlang.ask(self.node, expression)

    def _keep_on(self, disk: PoweredDisk) -> None:
        kept = self.node.home / "mnesia"
        self.node.home.mkdir(parents=True, exist_ok=True)
        if kept.is_symlink():  # a disk that ended with whoever had it: a soak goes on in the same folder
            kept.unlink()
        elif kept.exists():
            shutil.rmtree(kept)
        kept.symlink_to(disk.path)

    def _settle(self) -> None:
        """What was made at an installation is on disk long before the power goes."""
        if self.disk is not None:
            self.disk.sync()

    def _alarm(self, room: float, what: str, *, fault: str = "") -> None:
        self.ask(erlang.SET_MEMORY_LIMIT.substitute(share=f"{room:.9f}"))
        self._timeline.note(self.name, what, fault=fault)

    def _count(self, template: Template, queue: str, what: str) -> int:
        count = int(self.ask(self._fill(template, queue)))
        self._timeline.note(self.name, f"{queue}: {count} {what}", fault=what, times=count)
        return count

    def _fill(self, template: Template, queue: str) -> str:
        return template.substitute(vhost=self.vhost, queue=queue)

    def _signal(self, number: signal.Signals, what: str, *, fault: str = "") -> None:
        if (pid := self.pid) is not None:
            self._timeline.note(self.name, what, fault=fault)
            deliver(pid, number)
