"""Receipts that are wrong in one place."""

import base64
import hashlib

from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.faults.specs.meaning import ReceiptPart
from shared.contracts.central import SignedReceipt


def spoiled(receipt: SignedReceipt, part: ReceiptPart, secrets: CentreSecrets) -> SignedReceipt:
    """The receipt with one part wrong and all the rest right, so that each check of a client is tried alone."""
    if part is ReceiptPart.SIGNATURE:
        signature = base64.b64decode(receipt.signature)
        return receipt.model_copy(update={"signature": base64.b64encode(signature[::-1]).decode()})
    key, packet_sha256 = receipt.key, receipt.packet_sha256
    if part is ReceiptPart.KEY:
        key = key[:-1] + ("0" if key[-1] != "0" else "1")
    else:
        packet_sha256 = hashlib.sha256(packet_sha256.encode()).hexdigest()
    return secrets.receipt(
        number=receipt.receipt_number, key=key, packet_sha256=packet_sha256, at=receipt.received_at
    )
