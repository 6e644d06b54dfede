"""The people of a replayed day: invented from the seed, so that the same seed brings the same day again.

Nobody here exists. A citizen's number is the order in which they come, which is the number the kiosk gives them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import chain, repeat

from services.ektp.replay.scenario import Arrivals, Pace, Scenario

FINGERS = tuple(f"finger-{hand}{digit}" for hand in "lr" for digit in range(1, 6))
# The order of DOMAIN: the photo first, because the applicant approves it before anything else is captured.
MODALITIES = ("photo", "signature", *FINGERS, "iris-left", "iris-right")
GIVEN = ("Siti", "Dewi", "Sri", "Wahyu", "Agus", "Budi", "Eko", "Nur", "Tri", "Rina", "Joko", "Ayu", "Bayu")
FAMILY = ("Lestari", "Santoso", "Wibowo", "Rahayu", "Utami", "Saputra", "Hidayat", "Wulandari", "Nugroho")
CAPTURE_BYTES = 1200


@dataclass(frozen=True, slots=True)
class Citizen:
    """One person with a number, and when they take it."""

    number: int
    arrives: datetime
    nik: str
    biodata: dict[str, str]
    priority: str | None = None

    def capture(self, modality: str) -> bytes:
        """What the device reads: the same bytes for the same person and modality, nobody else's."""
        return random.Random(f"{self.nik}:{modality}").randbytes(CAPTURE_BYTES)


class Dice:
    """Random numbers named by what they decide, so that one decision more leaves the others as they were."""

    def __init__(self, scenario: Scenario, day: date, seed: int) -> None:
        self._base = f"{scenario.name}:{day}:{seed}"

    def __call__(self, what: object) -> random.Random:
        """The dice for one decision."""
        return random.Random(sha256(f"{self._base}:{what}".encode()).digest())


def citizens(scenario: Scenario, day: date, seed: int) -> list[Citizen]:
    """Everybody who comes on `day`, in the order in which they come."""
    dice = Dice(scenario, day, seed)
    times = list(
        chain.from_iterable(_spread(scenario, day, span, dice) for span in scenario.office_day.arrivals)
    )
    return [_citizen(scenario, number, at, dice) for number, at in enumerate(sorted(times), start=1)]


def minutes_per_citizen(pace: Pace, dice: random.Random) -> Iterator[float]:
    """A counter's minutes for one citizen after another.

    They come in pairs, one as much longer than the mean as the other is shorter: the counter's average is the
    scenario's after every second citizen, for every seed, while single citizens differ.
    """
    for _ in repeat(None):
        off = dice.uniform(-pace.spread, pace.spread)
        yield pace.mean + off
        yield pace.mean - off


def _spread(scenario: Scenario, day: date, span: Arrivals, dice: Dice) -> list[datetime]:
    begins, ends = scenario.at(day, span.begins), scenario.at(day, span.ends)
    step = (ends - begins) / span.numbers
    wobble = dice(f"arrivals {span.begins}")
    return [begins + step * (place + wobble.uniform(0.2, 1.0)) for place in range(span.numbers)]


def _citizen(scenario: Scenario, number: int, arrives: datetime, dice: Dice) -> Citizen:
    throw = dice(f"citizen {number}")
    sex = throw.choice(("MALE", "FEMALE"))
    # First recordings are at 17 and 18 (A8); a few are late.
    born = arrives.date() - timedelta(
        days=365 * throw.choice((17, 17, 18, 18, 19, 24)) + throw.randint(5, 360)
    )
    return Citizen(number, arrives, _nik(scenario.office, born, sex, throw), _biodata(born, sex, throw))


def _nik(office: str, born: date, sex: str, throw: random.Random) -> str:
    # a kabupaten has no kecamatan digits of its own: its people are from the kecamatan 08
    region = (office.replace(".", "") + "08")[:6]
    day = born.day + (40 if sex == "FEMALE" else 0)
    return f"{region}{day:02d}{born:%m%y}{throw.randint(1, 9999):04d}"


def _biodata(born: date, sex: str, throw: random.Random) -> dict[str, str]:
    return {
        "name": f"{throw.choice(GIVEN)} {throw.choice(FAMILY)}",
        "birth_place": "KARANGANYAR",
        "birth_date": born.isoformat(),
        "sex": sex,
        "marital_status": "SINGLE",
        "address": f"Dusun {throw.randint(1, 9)} RT {throw.randint(1, 12):02d} RW {throw.randint(1, 6):02d}",
        "religion": "ISLAM",
        "occupation": "PELAJAR/MAHASISWA",
        "nationality": "INDONESIA",
    }
