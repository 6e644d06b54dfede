"""`ektp run`: set up, start, show the table, stay until Ctrl-C."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.ektp.launch.lines import Lines
from services.ektp.launch.ports import broker_port, check_ports_free
from services.ektp.launch.screen import welcome
from services.ektp.launch.specs import ServiceSpec, trio_specs
from services.ektp.launch.state import TrioState, forget_state, lock_home
from services.ektp.launch.supervisor import Supervisor, Surroundings
from services.ektp.settings import TrioSettings
from services.ektp.setup.steps import ensure_broker, ensure_home, prepare
from shared.keys import Credential
from shared.messaging.node import BrokerNode


def run_trio(settings: TrioSettings) -> None:
    """Run the trio in the foreground. Raises CommandFailed when it can't start or can't go on."""
    lines = Lines()
    ensure_home(settings)
    with lock_home(settings.root):
        forget_state(settings.root)
        node, broker_url = own_broker(settings)
        specs = trio_specs(settings, broker_url)
        check_ports_free(specs, settings.bind_host)
        ensure_broker(settings, lambda text: lines.say("ektp", text))
        try:
            if node is not None:
                lines.say("ektp", "starting a private RabbitMQ node")
                node.start()  # it takes seconds, in which the keys and databases are made
            credentials = prepare(settings)
            asyncio.run(_supervise(settings, specs, broker_url, node, Welcome(settings, credentials, lines)))
        finally:
            if node is not None:
                node.stop()


@dataclass(frozen=True)
class Welcome:
    """What is shown when all are ready."""

    settings: TrioSettings
    credentials: Sequence[Credential]
    lines: Lines

    def show(self, state: TrioState) -> None:
        """Print the screen of this state."""
        self.lines.write(welcome(state, self.settings, self.credentials, coloured=self.lines.is_terminal))


def own_broker(settings: TrioSettings) -> tuple[BrokerNode | None, str]:
    """A private node under EKTP_HOME, or none where BROKER_URL names one."""
    if settings.broker_url is not None:
        return None, settings.broker_url
    node = BrokerNode(settings.root / "broker", port=broker_port(settings.broker_port))
    return node, node.url


async def _supervise(
    settings: TrioSettings,
    specs: Sequence[ServiceSpec],
    broker_url: str,
    node: BrokerNode | None,
    greeting: Welcome,
) -> None:
    around = Surroundings(
        home=settings.root,
        keys_dir=settings.keys,
        broker_url=broker_url,
        central_control_url=settings.urls["central_control"],
    )
    await Supervisor(specs, around, greeting.lines, node).run(greeting.show)
