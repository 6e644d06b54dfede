"""Sample residents, made up and always the same: what the civil registry knows before anyone is recorded."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

PER_OFFICE = 400

MALE = (
    "Agus", "Bambang", "Budi", "Dimas", "Eko", "Fajar", "Galih", "Hadi", "Hendra", "Joko",
    "Kurniawan", "Muhammad", "Nugroho", "Rizki", "Slamet", "Sugeng", "Supardi", "Teguh", "Wahyu", "Yusuf",
)  # fmt: skip
FEMALE = (
    "Aisyah", "Ayu", "Citra", "Dewi", "Dian", "Endang", "Fitri", "Indah", "Kartini", "Lestari",
    "Mulyani", "Ningsih", "Nur", "Putri", "Ratna", "Rini", "Siti", "Sri", "Sulastri", "Wahyuni",
)  # fmt: skip
FAMILY = (
    "Santoso", "Wibowo", "Saputra", "Prasetyo", "Setiawan", "Hidayat", "Susanto", "Handayani", "Rahayu", "Utami",
    "Lestari", "Purnomo", "Kusuma", "Wijaya", "Hartono", "Suryani", "Maharani", "Nugraha", "Permana", "Astuti",
)  # fmt: skip
TOWNS = {"33.13": "Karanganyar", "33.20": "Jepara"}
OCCUPATIONS = ("Petani", "Pedagang", "Karyawan swasta", "Wiraswasta", "Guru", "Buruh", "Ibu rumah tangga")
RELIGIONS = ("ISLAM", "ISLAM", "ISLAM", "ISLAM", "KRISTEN", "KATOLIK", "HINDU", "BUDDHA")
WOMEN_ADD = 40
"""Added to the day of birth in a woman's NIK."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One person as the registry has them; the fields of enrolment's biodata, the NIK and the office."""

    nik: str
    office: str
    name: str
    birth_place: str
    birth_date: date
    sex: str
    marital_status: str
    address: str
    religion: str
    occupation: str
    nationality: str
    kk_number: str


class Residents:
    """The residents of the known offices; made when first asked for."""

    def __init__(self, offices: Iterable[str]) -> None:
        self._offices = frozenset(offices)
        self._made: dict[str, list[Resident]] = {}

    def of_office(self, office: str) -> list[Resident]:
        """All of one office, in a fixed order; none of an office that is not known."""
        if office not in self._offices:
            return []
        if office not in self._made:
            self._made[office] = make_residents(office)
        return self._made[office]

    def find(self, nik: str) -> Resident | None:
        """The person with this NIK."""
        for office in sorted(self._offices):
            if _region(office) == nik[:6]:
                for resident in self.of_office(office):
                    if resident.nik == nik:
                        return resident
        return None


def make_residents(office: str, number: int = PER_OFFICE) -> list[Resident]:
    """The same people for the same office, every time."""
    dice = random.Random(f"residents|{office}")
    return [_resident(office, serial, dice) for serial in range(1, number + 1)]


def _resident(office: str, serial: int, dice: random.Random) -> Resident:
    woman = dice.random() < 0.5
    young = dice.random() < 0.5
    born = _birth_date(dice, young)
    town = TOWNS.get(office[:5], "Karanganyar")
    return Resident(
        nik=_nik(_region(office), born, woman, serial),
        office=office,
        name=f"{dice.choice(FEMALE if woman else MALE)} {dice.choice(FAMILY)}",
        birth_place=town,
        birth_date=born,
        sex="FEMALE" if woman else "MALE",
        marital_status="SINGLE" if young else dice.choice(("SINGLE", "MARRIED", "MARRIED", "WIDOWED")),
        address=f"RT {dice.randint(1, 9):02d} RW {dice.randint(1, 6):02d}, {town}",
        religion=dice.choice(RELIGIONS),
        occupation="Pelajar" if young else dice.choice(OCCUPATIONS),
        nationality="WNI",
        kk_number=_family_card(_region(office), serial, dice),
    )


def _family_card(region: str, serial: int, dice: random.Random) -> str:
    issued = date(2005, 1, 1) + timedelta(days=dice.randrange(4000))
    return f"{region}{issued:%d%m%y}{serial:04d}"


def _birth_date(dice: random.Random, young: bool) -> date:
    """Half are of the age of a first card in the years of the news reports, the others up to 65 years old."""
    first, last = (date(1998, 1, 1), date(2000, 6, 30)) if young else (date(1952, 1, 1), date(1997, 12, 31))
    return first + timedelta(days=dice.randrange((last - first).days))


def _region(office: str) -> str:
    """The six digits of a kecamatan; a kabupaten's own office issues those of its first kecamatan."""
    digits = office.replace(".", "")
    return digits if len(digits) == 6 else f"{digits}01"


def _nik(region: str, born: date, woman: bool, serial: int) -> str:
    day = born.day + (WOMEN_ADD if woman else 0)
    return f"{region}{day:02d}{born:%m%y}{serial:04d}"
