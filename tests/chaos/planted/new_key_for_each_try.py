"""What got no answer from the centre is sent again as something new."""

from typing import Any

from services.enrolment_api.delivery.centre import CentreClient, Exchange
from services.enrolment_api.delivery.domain import Verdict
from shared.contracts.central import RecordEnvelope
from shared.ids import new_id


async def _ask(_self: Any, _key: str, _packet_sha256: str) -> Exchange:
    return Exchange(Verdict.NOT_THERE)


def plant() -> None:
    send = CentreClient.send

    async def send_as_new(self: CentreClient, envelope: RecordEnvelope, packet: bytes) -> Exchange:
        return await send(self, envelope.model_copy(update={"key": new_id()}), packet)

    client: Any = CentreClient
    client.ask, client.send = _ask, send_as_new
