"""Receipts spoiled in one place, files cut in half, and times told by a wrong clock. Pure."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.faults.meaning.batches import BatchBroken, check_whole, half_of
from services.central_mock.faults.meaning.drawn import drawn
from services.central_mock.faults.meaning.receipts import spoiled
from services.central_mock.faults.meaning.skew import told_time
from services.central_mock.faults.rules.ruling import NOTHING, Fired, Ruling
from services.central_mock.faults.specs.kinds import Kind
from services.central_mock.faults.specs.meaning import AnswerLost, BatchHalfDone, ReceiptPart
from shared.contracts.central import SignedReceipt
from shared.keys import create_keys

NOW = datetime(2016, 9, 16, 2, tzinfo=UTC)
KEY = "019a8f00-0000-7000-8000-00000000000"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> CentreSecrets:
    directory: Path = tmp_path_factory.mktemp("keys")
    create_keys(directory, demo=False)
    return CentreSecrets.from_directory(directory)


def is_signed(receipt: SignedReceipt, secrets: CentreSecrets) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(secrets.public.sign))
    try:
        key.verify(base64.b64decode(receipt.signature), receipt.signed_bytes())
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("last", "019af")
@pytest.mark.parametrize(
    ("part", "differs"),
    [(ReceiptPart.HASH, "packet_sha256"), (ReceiptPart.KEY, "key"), (ReceiptPart.SIGNATURE, "signature")],
)
def test_one_part_is_wrong_and_the_signature_true_to_it(
    secrets: CentreSecrets, part: ReceiptPart, differs: str, last: str
) -> None:
    right = secrets.receipt(number="C-1", key=KEY + last, packet_sha256="0" * 64, at=NOW)
    wrong = spoiled(right, part, secrets)
    assert {
        field for field in SignedReceipt.model_fields if getattr(wrong, field) != getattr(right, field)
    } == {differs, "signature"}
    assert SignedReceipt.model_validate(wrong.model_dump())
    assert is_signed(wrong, secrets) is (part is not ReceiptPart.SIGNATURE)


def ruling_of(share: float) -> Ruling:
    return Ruling([Fired("half", BatchHalfDone(kind=Kind.BATCH_HALF_DONE, share=share))])


@pytest.mark.parametrize(("share", "taken"), [(0.0, 0), (0.5, 2), (0.99, 4)])
def test_of_a_file_the_first_part_is_taken_over_and_never_all(share: float, taken: int) -> None:
    records = list(range(5))
    assert half_of(records, ruling_of(share)) == records[:taken]
    with pytest.raises(BatchBroken):
        check_whole(records, ruling_of(share))


def test_without_a_rule_a_file_is_whole_and_an_empty_one_always() -> None:
    assert half_of([1, 2], NOTHING) == [1, 2]
    check_whole([1, 2], NOTHING)
    check_whole([], ruling_of(0.5))


def test_what_was_drawn_counts_only_where_it_acts() -> None:
    acted: list[str] = []
    spec = AnswerLost(kind=Kind.ANSWER_LOST)
    ruling = Ruling([Fired("lost", spec)], lambda fired: acted.append(fired.rule))
    found = drawn(ruling, AnswerLost)
    assert found is not None
    assert (found.rule, found.spec, acted) == ("lost", spec, [])
    found.acts()
    assert acted == ["lost"]
    assert drawn(ruling, BatchHalfDone) is None


def test_a_wrong_clock_stops_at_the_ends_of_time() -> None:
    year = timedelta(days=366)
    assert told_time(NOW, -year) == NOW - year
    assert told_time(datetime.max.replace(tzinfo=UTC), year) == datetime.max.replace(tzinfo=UTC)
    assert told_time(datetime.min.replace(tzinfo=UTC), -year) == datetime.min.replace(tzinfo=UTC)
