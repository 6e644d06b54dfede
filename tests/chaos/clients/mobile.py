"""Officers who are out in the villages: they record whoever comes, without a number and without a counter."""

from dataclasses import dataclass

from tests.chaos.clients.caller import Caller
from tests.chaos.clients.office import Citizens, Office
from tests.chaos.clients.recording import Recording


@dataclass
class Mobile:
    """One of them, with all devices in a case."""

    office: Office
    caller: Caller
    citizens: Citizens
    foreign_token: str

    async def work(self) -> None:
        """Until the shift is over; whether the office is open is nothing to them."""
        while not self.caller.shift.over:
            recording = Recording(
                self.caller, self.office.code, self.citizens.next_nik(), None, self.foreign_token
            )
            done = await recording.run()
            if done.ok:
                await recording.afterwards(done.body["receipt"])
