"""What a scenario file must say, and that the two shipped ones say it."""

from datetime import time
from pathlib import Path

import pytest

from services.ektp.replay.scenario import SCENARIOS, ScenarioInvalid, load_scenario

TEXT = (SCENARIOS / "ngargoyoso-2016-09-16.toml").read_text(encoding="utf-8")


def test_jepara_says_what_its_report_says() -> None:
    jepara = load_scenario("jepara-2017-06-14")

    assert (jepara.outage.starts, jepara.outage.ends) == (time(8, 30), time(10, 40))
    assert jepara.report.served_at_outage == 44
    assert jepara.report.issued is not None
    assert jepara.report.issued.count == 232


def test_ngargoyoso_rests_for_friday_prayer_and_number_26_waits() -> None:
    ngargoyoso = load_scenario("ngargoyoso-2016-09-16")

    assert "Jumatan" in ngargoyoso.office_day.breaks[0].reason
    assert ngargoyoso.report.still_waiting is not None
    assert ngargoyoso.report.still_waiting.number == 26
    assert ngargoyoso.report.interrupted == 24


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("counters = 1", "counters = 1\ncoffee = true", "coffee: Extra inputs"),
        ("counters = 1", 'counters = "1"', "counters: Input should be a valid integer"),
        ("counters = 1", "counters = 0", "counters: Input should be greater"),
        ("to = 13:00:00", "to = 11:00:00", "before it begins"),
        ('mode = "REFUSE"', 'mode = "SULK"', "mode: Input should be"),
        (
            '"office_day.counters" = "a kecamatan',
            '"office_day.desks" = "a kecamatan',
            "neither quoted nor assumed",
        ),
        (
            "\n[assumed]\n",
            '\n[assumed]\n"outage.colour" = "red"\n',
            "a source for what is not set: outage.colour",
        ),
        (
            "\n[assumed]\n",
            '\n[assumed]\n"outage.starts" = "guess"\n',
            "both quoted and assumed: outage.starts",
        ),
        ("spread = 1.5", "spread = 9.5", "spread must be smaller"),
        ("counters = 1", "counters 1", "not TOML"),
    ],
)
def test_a_scenario_that_is_wrong_says_where_in_one_line(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    assert old in TEXT
    path = tmp_path / "wrong.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ScenarioInvalid, match=why) as refused:
        load_scenario(str(path))

    assert "\n" not in str(refused.value)


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ScenarioInvalid, match=r"known: jepara-2017-06-14, ngargoyoso-2016-09-16"):
        load_scenario("bandung-2020-01-01")
