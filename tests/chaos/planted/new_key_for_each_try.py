"""What got no answer from the centre is sent again as something new."""

from typing import Any

from services.enrolment_api.delivery.centre import CentreClient, Exchange
from services.enrolment_api.delivery.domain import Verdict
from shared.contracts.central import RecordEnvelope
from shared.ids import new_id


async def _ask(_self: Any, _key: str, _packet_sha256: str, *, office: str) -> Exchange:
    return Exchange(Verdict.NOT_THERE, reason=f"nobody has asked for {office}")


def plant() -> None:
    send = CentreClient.send
    sent: set[str] = set()

    async def send_as_new(self: CentreClient, envelope: RecordEnvelope, packet: bytes) -> Exchange:
        if envelope.key in sent:
            return await send(self, envelope.model_copy(update={"key": new_id()}), packet)
        sent.add(envelope.key)
        return await send(self, envelope, packet)

    client: Any = CentreClient
    client.ask, client.send = _ask, send_as_new
