"""The real supervisor over fake services, as a process of its own: `python -m … HOME PORT [PORT …]`."""

import asyncio
import os
import sys
from pathlib import Path

from services.ektp.errors import CommandFailed
from services.ektp.launch.lines import Lines
from services.ektp.launch.ports import check_ports_free
from services.ektp.launch.specs import ServiceSpec
from services.ektp.launch.state import lock_home
from services.ektp.launch.supervisor import Supervisor, Surroundings
from shared.messaging.node import BrokerNode


def specs(ports: list[int]) -> list[ServiceSpec]:
    return [
        ServiceSpec(
            name=f"fake_{number}",
            argv=(sys.executable, "-m", "tests.integration.launch.fake_service", str(port)),
            environment=dict(os.environ) | {"PYTHONUNBUFFERED": "1"},
            url=f"http://127.0.0.1:{port}",
            ready_url=f"http://127.0.0.1:{port}/health/ready",
            ports={f"FAKE_{number}_PORT": port},
        )
        for number, port in enumerate(ports, 1)
    ]


def main(home: Path, ports: list[int]) -> None:
    lines = Lines()
    around = Surroundings(home=home, keys_dir=home, broker_url="amqp://", central_control_url="http://")
    broker = os.environ.get("FAKE_BROKER_PORT")
    node = BrokerNode(home / "broker", port=int(broker)) if broker else None
    with lock_home(home):
        check_ports_free(specs(ports), "127.0.0.1")

        async def run() -> None:
            await Supervisor(specs(ports), around, lines, node).run(lambda state: lines.say("ektp", "TABLE"))

        asyncio.run(run())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]])
    except CommandFailed as error:
        sys.exit(f"ektp: {error}")
