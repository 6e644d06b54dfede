"""One order for what was done and what was said, from logs of three kinds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.testing.timeline import Moment, Timeline, log_moments, together

OURS = '{"event": "link.changed", "level": "warning", "timestamp": "2026-11-22T17:00:01.5Z", "service": "x", '
AT = datetime(2026, 11, 22, 17, 0, 1, 500_000, UTC).timestamp()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (OURS + '"hop": "CENTRE", "correlation_id": "1"}', "warning: link.changed hop=CENTRE"),
        (
            OURS + '"exception": "Traceback\\n  File x\\nKeyError: 1"}',
            "warning: link.changed KeyError: 1",
        ),
        (
            "2026-11-22 17:00:01.500000+00:00 [warning] <0.223.0> memory resource limit alarm set",
            "warning: memory resource limit alarm set",
        ),
        ("2026-11-22 17:00:01.500 UTC [23833] FATAL:  out of shared memory", "fatal: out of shared memory"),
    ],
)
def test_warnings_are_read_from_every_kind_of_log(line: str, said: str) -> None:
    assert list(log_moments("who", iter([line]))) == [Moment(AT, "who", said, logged=True)]


@pytest.mark.parametrize(
    "line",
    [
        OURS.replace("warning", "info") + '"hop": 1}',
        OURS,  # cut off by a kill
        '{"event": "no time"}',
        "[1, 2]",
        "2026-11-22 17:00:01.500 UTC [23833] LOG:  ready",
        "  Starting broker... completed with 0 plugins.",
        "",
    ],
)
def test_what_is_no_warning_is_left_out(line: str) -> None:
    assert list(log_moments("who", iter([line]))) == []


def test_notes_and_logs_stand_in_the_order_of_their_times(tmp_path: Path) -> None:
    timeline = Timeline()
    timeline.note("harness", "first")
    later, earlier = datetime.now(UTC).isoformat(), "2020-01-01T00:00:00+00:00"
    (tmp_path / "log").write_text(
        "".join(
            f'{{"event": "{event}", "level": "error", "timestamp": "{at}"}}\n'
            for event, at in [("long.ago", earlier), ("oh.no", later)]
        )
    )
    timeline.follow("queue", tmp_path / "log")
    timeline.follow("centre", tmp_path / "never-written")
    timeline.note("harness", "last")
    assert [moment.what for moment in timeline.moments()] == ["first", "error: oh.no", "last"]
    shown = timeline.render(2).split("\n")
    assert shown[1] == "… 1 moments before these"
    assert shown[2].endswith("queue    error: oh.no")


def test_what_a_process_repeats_is_said_once_and_what_was_done_twice_is_said_twice() -> None:
    said = [Moment(1, "queue", "warning: no broker", logged=True), Moment(2, "harness", "kill")]
    again = [Moment(3, "queue", "warning: no broker", logged=True), Moment(4, "harness", "kill")]
    assert [each.what for each in together(said + again)] == [
        "warning: no broker (2 times)",
        "kill",
        "kill",
    ]


def test_a_fault_counts_as_often_as_it_acted() -> None:
    timeline = Timeline()
    timeline.note("broker", "0 consumers cancelled", fault="consumers cancelled", times=0)
    assert not timeline.acted
    timeline.note("broker", "2 consumers cancelled", fault="consumers cancelled", times=2)
    assert timeline.acted == {("broker", "consumers cancelled"): 2}
