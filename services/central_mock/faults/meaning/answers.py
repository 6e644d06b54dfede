"""What goes wrong with an answer after the centre did its work: it is lost, or its receipt is spoiled."""

from fastapi import Request

from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.faults.meaning.receipts import spoiled
from services.central_mock.faults.rules.ruling import Ruling, ruling_of
from services.central_mock.faults.specs.meaning import AnswerLost, CorruptReceipt
from shared.contracts.central import SignedReceipt


def lose_answer(request: Request) -> None:
    """Reset the connection, if a rule says so; what is answered after that reaches nobody."""
    connection = request.scope.get("state", {}).get("connection")
    if connection is not None and ruling_of(request).takes(AnswerLost):
        connection.wire.drop()


def as_given(receipt: SignedReceipt, ruling: Ruling, secrets: CentreSecrets) -> SignedReceipt:
    """The receipt as it goes out."""
    corrupt = ruling.takes(CorruptReceipt)
    return receipt if corrupt is None else spoiled(receipt, corrupt.part, secrets)
