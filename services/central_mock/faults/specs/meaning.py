"""Faults of what the centre means: records done and not told, told and not done, done twice, remembered wrongly."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.central_mock.faults.specs.kinds import Kind, Spec, Stage

Seconds = Annotated[float, Field(ge=0, le=7 * 86_400, description="Seconds of the clock")]


class _Meaning(Spec):
    stage: ClassVar = Stage.MEANING


class AnswerLost(_Meaning):
    """The record is applied and the connection is reset instead of an answer."""

    kind: Literal[Kind.ANSWER_LOST]


class Forgotten(_Meaning):
    """The record is accepted and acknowledged, and gone after a while, as if it had never come.

    What is not gone when the rule ends stays.
    """

    kind: Literal[Kind.FORGOTTEN]
    after_seconds: Seconds = 0.0


class AppliedTwice(_Meaning):
    """The record takes effect twice: `verify` counts it as duplicated, and its result comes twice."""

    kind: Literal[Kind.APPLIED_TWICE]


class ResultLate(_Meaning):
    """The decision is made so much later, or when the rule ends."""

    kind: Literal[Kind.RESULT_LATE]
    seconds: Seconds = 600.0


class ResultOutOfOrder(_Meaning):
    """An expert must see the record, and the expert's decision comes first, ADJUDICATE_RECORD after it."""

    kind: Literal[Kind.RESULT_OUT_OF_ORDER]


class ResultTwice(_Meaning):
    """The same decision is told twice, under two cursors."""

    kind: Literal[Kind.RESULT_TWICE]


class ResultNever(_Meaning):
    """The decision does not come while the rule is on; when it ends, it does."""

    kind: Literal[Kind.RESULT_NEVER]


class ResultOfAnother(_Meaning):
    """Before the true decision one with this office's code and a key that the office never sent is told."""

    kind: Literal[Kind.RESULT_OF_ANOTHER]


class BatchHalfDone(_Meaning):
    """An import stops after this share of its records and answers 500; what was taken over stays."""

    kind: Literal[Kind.BATCH_HALF_DONE]
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5


class ReceiptPart(StrEnum):
    """What of a receipt is wrong. All the rest is right, so that each of a client's checks is tried alone."""

    HASH = "HASH"
    """Another packet's, rightly signed."""
    SIGNATURE = "SIGNATURE"
    KEY = "KEY"
    """Another record's, rightly signed."""


class CorruptReceipt(_Meaning):
    """The record is kept; the receipt that goes out is spoiled, in a POST and in a look-up by key."""

    kind: Literal[Kind.CORRUPT_RECEIPT]
    part: ReceiptPart = ReceiptPart.SIGNATURE


class ClockSkew(_Meaning):
    """The centre's clock is off by so much, in receipts (which stay rightly signed), results and `Date` headers."""

    kind: Literal[Kind.CLOCK_SKEW]
    seconds: Annotated[float, Field(ge=-366 * 86_400, le=366 * 86_400)] = 3600.0


class KeysForgotten(_Meaning):
    """The memory of idempotency keys is lost: a record that is sent again takes effect again, whatever its bytes."""

    kind: Literal[Kind.KEYS_FORGOTTEN]


class OldBackup(_Meaning):
    """When the rule is set, the centre goes back to what it held so long ago: later records and results are gone.

    Of the offices and keys that the rule names. Numbers of results that are gone are given again, to other results.
    """

    kind: Literal[Kind.OLD_BACKUP]
    age_seconds: Annotated[float, Field(gt=0, le=366 * 86_400, description="Seconds of the clock")] = 3600.0


class StaleRead(_Meaning):
    """A look-up by key, or a reconciliation, does not see a record that came less than so long ago."""

    kind: Literal[Kind.STALE_READ]
    seconds: Seconds = 5.0


class CheckOverloaded(_Meaning):
    """The uniqueness check's own queue is overloaded (December 2016): so many decisions a minute, records pile up."""

    kind: Literal[Kind.CHECK_OVERLOADED]
    decisions_per_minute: Annotated[float, Field(ge=0, le=1_000_000, description="Minutes of the clock")] = (
        0.0
    )


MeaningFault = (
    AnswerLost
    | Forgotten
    | AppliedTwice
    | ResultLate
    | ResultOutOfOrder
    | ResultTwice
    | ResultNever
    | ResultOfAnother
    | BatchHalfDone
    | CorruptReceipt
    | ClockSkew
    | KeysForgotten
    | OldBackup
    | StaleRead
    | CheckOverloaded
)
