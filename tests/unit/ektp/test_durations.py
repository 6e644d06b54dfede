import pytest

from services.ektp.durations import iso_duration


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("2h10m", "PT2H10M"),
        ("90m", "PT90M"),
        ("45s", "PT45S"),
        ("1H", "PT1H"),
        ("pt2h", "PT2H"),
        ("1h0m5s", "PT1H5S"),
    ],
)
def test_durations_are_typed_short_and_sent_as_iso(typed: str, wire: str) -> None:
    assert iso_duration(typed) == wire


@pytest.mark.parametrize("typed", ["", "2", "h", "10m2h", "-5m", "0m", "PT", "1.5h", "2h 10m"])
def test_what_is_no_duration_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValueError, match="2h10m"):
        iso_duration(typed)
