"""What runs beside the requests for the centre's sake: the forwarder, the results, the heartbeat."""

import random

from services.enrolment_api.delivery.centre import CentreClient
from services.enrolment_api.delivery.forwarder import Forwarder
from services.enrolment_api.delivery.results import ResultsFetcher
from services.enrolment_api.link.gauges import LinkGauges
from services.enrolment_api.link.heartbeat import HeartbeatTask
from services.enrolment_api.link.service import begin
from shared.lifecycle import BackgroundTasks
from shared.runtime import Runtime


class CentralTasks:
    """Everything that talks to the centre, started and stopped together."""

    def __init__(self, runtime: Runtime, *, central_url: str, dice: random.Random | None = None) -> None:
        self._runtime = runtime
        self.centre = CentreClient.from_directory(
            base_url=central_url, clock=runtime.clock, keys_dir=runtime.settings.keys
        )
        self.forwarder = Forwarder(runtime, self.centre, dice or random.Random())
        self.results = ResultsFetcher(runtime, self.centre, self.forwarder)
        self._heartbeat = HeartbeatTask(runtime)
        self._gauges = LinkGauges(runtime)

    async def start(self, tasks: BackgroundTasks) -> None:
        """Look for a power cut first, then begin to send."""
        now = self._runtime.clock.now()
        await self._runtime.database.write(lambda session: begin(session, now=now))
        await self._heartbeat.notice_power_cut()
        tasks.start("heartbeat", self._heartbeat.run)
        tasks.start("forwarder", self.forwarder.run)
        tasks.start("results", self.results.run)
        tasks.start("gauges", self._gauges.run)

    async def close(self) -> None:
        """After the tasks have stopped."""
        await self.centre.close()
