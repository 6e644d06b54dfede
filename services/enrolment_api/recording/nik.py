"""The NIK's rules: what makes sixteen digits impossible, and what is only odd.

A NIK never changes, when a person moves, a region is split or a birth date is corrected. So a mismatch with the
biodata or with today's regions warns; only what can never have been a NIK is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lokal.provinces import PROVINCES
from lokal.wilayah import wilayah_name

WOMEN_ADD = 40
LENGTH = 16
_DIGITS = re.compile(r"[0-9]*")
# 29 February 00 was real in 2000 and not in 1900; the biodata says which century, so either will do here.
_CENTURIES = (1900, 2000)


class Sex(StrEnum):
    """As on the card."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class NikWarning(StrEnum):
    """What the officer should look at; the recording goes on."""

    BIRTH_DATE = "nik-birth-date-differs"
    SEX = "nik-sex-differs"
    REGION = "nik-region-unknown"


SENTENCES: Mapping[NikWarning, str] = {
    NikWarning.BIRTH_DATE: "The birth date in the NIK is not the one in the biodata.",
    NikWarning.SEX: "The sex in the NIK is not the one in the biodata.",
    NikWarning.REGION: "The NIK's region is not among today's; it may be from before a region was split.",
}


class ImpossibleNik(ValueError):
    """No NIK can look like this. The message never repeats the digits."""


@dataclass(frozen=True)
class Nik:
    """A possible NIK, taken apart. The century is not in it."""

    digits: str
    day: int
    month: int
    year_of_century: int
    sex: Sex

    @property
    def district(self) -> str:
        """The kecamatan it was issued in, as a dotted code."""
        return f"{self.digits[:2]}.{self.digits[2:4]}.{self.digits[4:6]}"

    def __repr__(self) -> str:
        return "Nik(…)"


def parse_nik(text: str) -> Nik:
    """Take a NIK apart. Raises ImpossibleNik: not digits, wrong length, unknown province, impossible date."""
    if not _DIGITS.fullmatch(text):
        raise ImpossibleNik("a NIK has digits only")
    if len(text) != LENGTH:
        raise ImpossibleNik(f"a NIK has {LENGTH} digits")
    if text[:2] not in PROVINCES:
        raise ImpossibleNik("no province has this code")
    day, month, year = int(text[6:8]), int(text[8:10]), int(text[10:12])
    sex = Sex.FEMALE if day > WOMEN_ADD else Sex.MALE
    if sex is Sex.FEMALE:
        day -= WOMEN_ADD
    if not any(_is_date(century + year, month, day) for century in _CENTURIES):
        raise ImpossibleNik("no date has this day and month")
    return Nik(text, day, month, year, sex)


def warnings_for(nik: Nik, *, birth_date: date, sex: Sex) -> list[NikWarning]:
    """What does not fit the biodata, which also says the century."""
    found = []
    if (nik.day, nik.month, nik.year_of_century) != (birth_date.day, birth_date.month, birth_date.year % 100):
        found.append(NikWarning.BIRTH_DATE)
    if nik.sex is not sex:
        found.append(NikWarning.SEX)
    if wilayah_name(nik.district) is None:
        found.append(NikWarning.REGION)
    return found


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def age_on(birth_date: date, day: date) -> int:
    """Completed years; a birthday on 29 February is completed on 1 March of other years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def mask_name(name: str) -> str:
    """`Siti Lestari` as `S*** L***`: enough to know one's own receipt by."""
    return " ".join(f"{word[0]}***" for word in name.split())


def mask_nik(digits: str) -> str:
    """The region and the last four digits: enough to tell two records apart on a list."""
    return f"{digits[:6]}******{digits[-4:]}"
