"""Brings the private broker node up, also when what it kept can't be read any more.

RabbitMQ syncs its messages, and not all the files it keeps beside them: power that goes within half a minute of its
first start leaves one of no length, on which it ends at every start. It holds nothing that the services' databases do
not hold, so it may begin anew.
"""

import asyncio
from collections.abc import Callable

from shared.messaging.node import BrokerFailed, BrokerNode

TRIES = 2


async def bring_up(node: BrokerNode, say: Callable[[str], None], within: float) -> None:
    """Start it and wait until it takes connections. Raises BrokerFailed, also when its folder can't be written to.

    A node that ended twice before it was ready is started without what it kept; when that is no help, it gets it back.
    """
    try:
        await _try(node, say, within)
    except OSError as error:
        raise BrokerFailed(f"the RabbitMQ node can't be started: {error}") from error


async def _try(node: BrokerNode, say: Callable[[str], None], within: float) -> None:
    for _ in range(TRIES):
        try:
            await _start(node, within)
        except BrokerFailed as error:
            if node.is_running():
                raise
            say(str(error))
        else:
            return
    kept = node.set_aside()
    say(
        f"the RabbitMQ node begins anew, as after a power cut; what it kept is in {kept}. No event is lost by it"
    )
    try:
        await _start(node, within)
    except BrokerFailed:
        node.put_back(kept)
        raise


async def _start(node: BrokerNode, within: float) -> None:
    node.start()
    await asyncio.to_thread(node.wait_ready, within)
