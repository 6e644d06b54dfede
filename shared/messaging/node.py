"""A private RabbitMQ node: one directory, one port, one owner.

The supervisor and the tests need a broker that disturbs no other one on the machine and that ends with whoever
started it. The packaged start script starts an `epmd` that outlives the node and a shell that hides the node's
pid; here both are our own children, so that they can be stopped, killed and found again by pid.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from shared.processes import ends_with_parent

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
# The scripts in /usr/sbin change the user and ignore the directories given to them; these do not.
PACKAGED_SCRIPTS = (Path("/usr/lib/rabbitmq/bin"),)

# What a node could not start with any more, beside what it keeps now.
ASIDE = "set-aside-"


class BrokerNotInstalled(RuntimeError):
    """There is no RabbitMQ server on this machine: install Debian's package `rabbitmq-server`, or set BROKER_URL."""

    def __str__(self) -> str:
        return str(self.__doc__)


class BrokerFailed(RuntimeError):
    """The private RabbitMQ node did not come up; the message ends with the last lines it wrote."""


def find_server() -> Path | None:
    """The start script of an installed RabbitMQ, or None."""
    for directory in PACKAGED_SCRIPTS:
        if (directory / "rabbitmq-server").exists() and shutil.which("erl"):
            return directory / "rabbitmq-server"
    return None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def speaks_amqp(port: int, timeout: float = 1.0) -> bool:
    """True when something on the port answers the AMQP header with a method frame: the broker takes connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(PROTOCOL_HEADER)
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


class BrokerNode:
    """One node with all its state under `home`; start and kill it as often as needed, its durable queues stay.

    Call `start` from the thread that lives as long as the node should: the kernel ends the node with that thread.
    """

    def __init__(self, home: Path, *, port: int, plugins: tuple[str, ...] = ()) -> None:
        self.home = home.resolve()
        self.port = port
        self.plugins = plugins
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int | None:
        return self._node.pid if self._node is not None else None

    @property
    def pids(self) -> list[int]:
        """Every process of this node, its name server included, that has not been seen to end."""
        return [child.pid for child in (self._node, self._epmd) if child is not None and child.poll() is None]

    @property
    def name_server_port(self) -> int:
        """Where its name server listens, for tools that speak Erlang to the node."""
        return self._epmd_port

    def is_running(self) -> bool:
        return self._node is not None and self._node.poll() is None

    def is_ready(self) -> bool:
        return self.is_running() and speaks_amqp(self.port)

    def start(self) -> None:
        """Spawn the node and return at once; `wait_ready` says when it takes connections."""
        script = find_server()
        if script is None:
            raise BrokerNotInstalled
        if self.is_running():
            return
        self._prepare()
        environment = self._environment(script.parent)
        if self._epmd is None or self._epmd.poll() is not None:
            self._start_name_server(environment)
        else:
            environment["ERL_EPMD_PORT"] = str(self._epmd_port)
        with (self.home / "log" / "out").open("ab") as log:
            self._node = subprocess.Popen(
                ends_with_parent([str(script)]), env=environment, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, within: float = 60.0) -> None:
        """Block until the node takes connections; raises BrokerFailed when it ends or the seconds are over."""
        if not _wait(lambda: self.is_ready() or not self.is_running(), within) or not self.is_running():
            raise BrokerFailed(f"RabbitMQ on port {self.port} is not ready: {self._last_words()}")

    def stop(self, within: float = 5.0) -> None:
        """End the node in order, by force after `within` seconds, and its name server with it."""
        if self._node is not None and self.is_running():
            self._node.terminate()
            if not _wait(lambda: not self.is_running(), within):
                self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def kill(self) -> None:
        """End the node at once (kill -9). Its name server stays for the next `start`."""
        if self._node is not None and self.is_running():
            os.killpg(self._node.pid, signal.SIGKILL)
            self._node.wait()

    def set_aside(self) -> Path:
        """Move what a node that does not run has kept out of its way; where it is now."""
        kept = self.home / "mnesia"
        aside = next(free for number in count(1) if not (free := kept / f"{ASIDE}{number}").exists())
        entries = [entry for entry in kept.iterdir() if not entry.name.startswith(ASIDE)]
        aside.mkdir()
        for entry in entries:
            entry.rename(aside / entry.name)
        return aside

    def put_back(self, aside: Path) -> None:
        """Give a node that does not run what was set aside, in the place of what it has made since."""
        for entry in aside.iterdir():
            made = aside.parent / entry.name
            if made.is_dir():
                shutil.rmtree(made)
            entry.replace(made)
        aside.rmdir()

    def _prepare(self) -> None:
        for name in ("home", "mnesia", "log"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "env.conf").touch()
        (self.home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        (self.home / "enabled_plugins").write_text(f"[{','.join(self.plugins)}].\n")
        cookie = self.home / "home" / ".erlang.cookie"
        if not cookie.exists() or not cookie.stat().st_size:  # a power cut may leave one that nothing is in
            cookie.touch(mode=0o400)  # else Erlang makes one from a weak generator
            cookie.chmod(0o600)
            cookie.write_text(secrets.token_hex(20))
            cookie.chmod(0o400)

    def _start_name_server(self, environment: dict[str, str]) -> None:
        self._epmd_port = free_port()
        environment["ERL_EPMD_PORT"] = str(self._epmd_port)
        self._epmd = subprocess.Popen(
            ends_with_parent(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]), env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        # Without this the node would find no name server and start one that outlives us.
        _wait(lambda: _listens(self._epmd_port), 5.0)

    def _environment(self, scripts: Path) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        return inherited | {
            "HOME": str(self.home / "home"),
            "PATH": f"{scripts}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "ektp@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "env.conf"),
            # Makes the start script become the virtual machine instead of its parent: our pid is the node's own.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _last_words(self) -> str:
        log = self.home / "log" / "out"
        lines = log.read_text(errors="replace").split("\n") if log.exists() else []
        return " / ".join(line.strip()[:160] for line in lines[-4:] if line.strip()) or "it wrote nothing"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _wait(condition: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
