"""The NIK's rules over generated numbers: what is possible parses, what is not is refused, nothing is repeated."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lokal.provinces import PROVINCES

from services.enrolment_api.recording.nik import (
    ImpossibleNik,
    NikWarning,
    Sex,
    age_on,
    mask_name,
    mask_nik,
    parse_nik,
    warnings_for,
)

births = st.dates(date(1900, 1, 1), date(2099, 12, 31))
sexes = st.sampled_from(Sex)
regions = st.tuples(st.sampled_from(sorted(PROVINCES)), st.integers(0, 9999)).map(
    lambda pair: f"{pair[0]}{pair[1]:04d}"
)


def made(region: str, born: date, sex: Sex, serial: int) -> str:
    day = born.day + (40 if sex is Sex.FEMALE else 0)
    return f"{region}{day:02d}{born:%m%y}{serial:04d}"


@given(regions, births, sexes, st.integers(0, 9999))
def test_every_nik_that_was_issued_parses_and_fits_its_person(
    region: str, born: date, sex: Sex, serial: int
) -> None:
    nik = parse_nik(made(region, born, sex, serial))
    assert (nik.day, nik.month, nik.year_of_century, nik.sex) == (born.day, born.month, born.year % 100, sex)
    assert set(warnings_for(nik, birth_date=born, sex=sex)) <= {NikWarning.REGION}


@given(regions, births, sexes, births)
def test_the_century_comes_from_the_biodata(region: str, born: date, sex: Sex, other: date) -> None:
    warned = NikWarning.BIRTH_DATE in warnings_for(
        parse_nik(made(region, born, sex, 1)), birth_date=other, sex=sex
    )
    assert warned == (f"{born:%d%m%y}" != f"{other:%d%m%y}")


@given(st.text(max_size=20))
def test_whatever_is_typed_parses_or_is_refused_without_being_repeated(text: str) -> None:
    told = ""
    try:
        parse_nik(text)
    except ImpossibleNik as error:
        told = str(error)
    assert len(text) < 4 or text not in told


@given(st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_sixteen_digits_are_possible_exactly_when_province_and_date_are(digits: str) -> None:
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    possible = digits[:2] in PROVINCES and any(
        real(century + year, month, day - woman) for century in (1900, 2000) for woman in (0, 40)
    )
    try:
        parse_nik(digits)
    except ImpossibleNik:
        assert not possible
    else:
        assert possible


def real(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def test_29_february_00_was_real_in_2000() -> None:
    nik = parse_nik("3313072902000001")
    assert warnings_for(nik, birth_date=date(2000, 2, 29), sex=Sex.MALE) == []
    with pytest.raises(ImpossibleNik):
        parse_nik("3313073002000001")


def test_a_nik_says_nothing_of_itself_in_a_log() -> None:
    assert "3313" not in repr(parse_nik("3313074506980001"))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [(date(2000, 9, 16), date(2016, 9, 16), 16), (date(2000, 9, 17), date(2016, 9, 16), 15),
     (date(2000, 2, 29), date(2016, 2, 28), 15), (date(2001, 2, 28), date(2017, 2, 28), 16),
     (date(2000, 2, 29), date(2017, 3, 1), 17)],
)  # fmt: skip
def test_age_is_in_completed_years(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_masks() -> None:
    assert mask_name("Siti  Lestari") == "S*** L***"
    assert mask_nik("3313074506980001") == "331307******0001"
