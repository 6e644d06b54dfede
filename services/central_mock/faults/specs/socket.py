"""Faults that are done to the connection and its bytes."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from services.central_mock.faults.specs.kinds import Kind, Spec, Stage

Bytes = Annotated[int, Field(ge=0, le=1 << 30)]
Rate = Annotated[float, Field(gt=0, le=1e9, description="Bytes per second of real time")]
Seconds = Annotated[float, Field(ge=0, le=86_400, description="Seconds of the clock")]


class Refuse(Spec):
    """Nobody listens: connection refused; open connections are reset."""

    kind: Literal[Kind.REFUSE]
    stage: ClassVar = Stage.CONNECTION


class Hang(Spec):
    """Connections are taken and requests are read, no answer ever comes, not to those in flight either."""

    kind: Literal[Kind.HANG]
    stage: ClassVar = Stage.CONNECTION


class BlackHole(Spec):
    """From a request on the connection is dead: the centre does not see it, nothing comes back, nothing is closed."""

    kind: Literal[Kind.BLACK_HOLE]
    stage: ClassVar = Stage.INSTEAD


class Reset(Spec):
    """The connection is reset when a request comes, before the centre sees it."""

    kind: Literal[Kind.RESET]
    stage: ClassVar = Stage.INSTEAD


class ResetMidAnswer(Spec):
    """The centre does its work; the connection is reset after the first bytes of the answer."""

    kind: Literal[Kind.RESET_MID_ANSWER]
    stage: ClassVar = Stage.ANSWER
    after_bytes: Bytes = 40
    """Of the whole answer, its head included."""


class ResetAfterAnswer(Spec):
    """The whole answer goes out, then the connection is reset."""

    kind: Literal[Kind.RESET_AFTER_ANSWER]
    stage: ClassVar = Stage.ANSWER
    leaves_whole: ClassVar = True


class HalfClose(Spec):
    """The centre does its work and sends FIN after the first bytes of the answer, reading on."""

    kind: Literal[Kind.HALF_CLOSE]
    stage: ClassVar = Stage.ANSWER
    after_bytes: Bytes = 0


class Drip(Spec):
    """The answer goes out a few bytes at a time, each within any read timeout."""

    kind: Literal[Kind.DRIP]
    stage: ClassVar = Stage.PACE
    bytes_per_second: Rate = 8.0


class Bandwidth(Spec):
    """A thin link: requests are read and answers are written at these rates; null leaves one direction alone."""

    kind: Literal[Kind.BANDWIDTH]
    stage: ClassVar = Stage.PACE
    bytes_in_per_second: Rate | None = None
    bytes_out_per_second: Rate | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.bytes_in_per_second is None and self.bytes_out_per_second is None:
            raise ValueError("set bytes_in_per_second, bytes_out_per_second or both")
        return self


class Spread(StrEnum):
    """How a delay varies."""

    FIXED = "FIXED"
    UNIFORM = "UNIFORM"
    """Evenly within seconds ± jitter."""
    LOGNORMAL = "LOGNORMAL"
    """Median `seconds`; `jitter` is the standard deviation of the logarithm: 0.5 is usual, 1 has a long tail."""


class Latency(Spec):
    """A request waits before the centre looks at it."""

    kind: Literal[Kind.LATENCY]
    stage: ClassVar = Stage.DELAY
    seconds: Seconds
    spread: Spread = Spread.FIXED
    jitter: Annotated[float, Field(ge=0, le=3600)] = 0.0
    longest: Seconds = 3600.0
    """No draw is longer."""


class KeepAliveCut(Spec):
    """An idle connection is reset after so long, as firewalls do; the client learns it when it uses it again."""

    kind: Literal[Kind.KEEP_ALIVE_CUT]
    stage: ClassVar = Stage.CONNECTION
    idle_seconds: Annotated[float, Field(ge=0, le=3600, description="Seconds of real time")] = 0.0


SocketFault = (
    Refuse
    | Hang
    | BlackHole
    | Reset
    | ResetMidAnswer
    | ResetAfterAnswer
    | HalfClose
    | Drip
    | Bandwidth
    | Latency
    | KeepAliveCut
)
