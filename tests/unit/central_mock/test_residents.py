"""The made-up residents: always the same, and consistent with their NIK."""

from services.central_mock.centre.residents.domain import PER_OFFICE, Residents, make_residents
from shared.sample import load_offices

OFFICES = [office.code for office in load_offices(None)]


def test_they_are_the_same_every_time() -> None:
    assert make_residents("33.13.07") == make_residents("33.13.07")


def test_a_nik_says_region_birth_date_and_sex() -> None:
    for office in OFFICES:
        for resident in make_residents(office):
            day = int(resident.nik[6:8])
            assert len(resident.nik) == 16
            assert resident.nik.startswith(office.replace(".", "")[:6])
            assert (day > 40) == (resident.sex == "FEMALE")
            assert resident.nik[8:12] == f"{resident.birth_date:%m%y}"
            assert day % 40 == resident.birth_date.day % 40
            assert len(resident.kk_number) == 16


def test_no_two_have_the_same_nik_in_all_offices() -> None:
    residents = Residents(OFFICES)
    niks = [each.nik for office in OFFICES for each in residents.of_office(office)]
    assert len(set(niks)) == len(niks) == PER_OFFICE * len(OFFICES)
    assert all(found is not None and found.nik == nik for nik in niks[:50] for found in [residents.find(nik)])
