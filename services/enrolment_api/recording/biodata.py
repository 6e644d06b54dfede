"""The biodata of CONTRACT.md, strictly: an unknown field or a stray control character is an input error."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.enrolment_api.recording.nik import Sex

# Letters, digits and punctuation of names and addresses; no control characters, no line breaks, and something to see.
_TEXT = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


def _text(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=_TEXT)


Short = Annotated[str, _text(60)]
Long = Annotated[str, _text(200)]


class MaritalStatus(StrEnum):
    """As on the card."""

    SINGLE = "SINGLE"
    MARRIED = "MARRIED"
    DIVORCED = "DIVORCED"
    WIDOWED = "WIDOWED"


class Biodata(BaseModel):
    """What is written about a person on the card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, _text(100)]
    birth_place: Short
    birth_date: date
    sex: Sex
    marital_status: MaritalStatus
    address: Long
    religion: Short
    occupation: Annotated[str, _text(100)]
    nationality: Short
    blood_type: Annotated[str, StringConstraints(pattern=r"^(A|B|AB|O)[+-]?$")] | None = None
    kk_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")] | None = None
    """The family card's number."""
    village_code: (
        Annotated[str, StringConstraints(pattern=r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}$")] | None
    ) = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{5,19}$")] | None = None


class Person(BaseModel):
    """Who is recorded, as stored encrypted and sealed for the centre."""

    model_config = ConfigDict(frozen=True)

    nik: str
    biodata: Biodata

    def __repr__(self) -> str:
        return "Person(…)"
