"""`ektp central`, each verb, against a centre that runs alone: what it prints, its exit code, and what it did."""

import contextlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from services.ektp.central.watch.board import Board
from services.ektp.cli import main
from shared.processes import ends_with_parent
from shared.testing.centre import CentreClient
from shared.testing.centre_process import CentreProcess
from shared.testing.waiting import wait_until

NOBODY = "019c0000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Central = Callable[..., Done]


@pytest.fixture
async def well(centre: CentreClient) -> CentreClient:
    """Empty and well, in front of each test."""
    return centre


@pytest.fixture
def central(
    well: CentreClient,
    centre_process: CentreProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Central:
    """The command in this process: a process of its own for each costs a second and shows no more."""

    def run(*arguments: str | Path, stdin: str = "") -> Done:
        for name in ("EKTP_HOME", "CENTRAL_PORT", "CENTRAL_CONTROL_PORT"):
            monkeypatch.setenv(name, centre_process.environment[name])
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        monkeypatch.setattr(sys, "argv", ["ektp", "central", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return run


def post(process: CentreProcess, directory: Path) -> int:
    """What curl would do with a sample record; the status, 0 for no answer."""
    envelope = (directory / "envelope.json").read_bytes()
    files = {"envelope": envelope, "packet": (directory / "packet.bin").read_bytes()}
    headers = {"Idempotency-Key": json.loads(envelope)["key"], "X-Office": "33.13.07"}
    try:
        url = f"{process.api_url}/central/v1/records"
        return httpx.post(url, files=files, headers=headers, timeout=5).status_code
    except httpx.TransportError:
        return 0


class TestOffline:
    def test_offline_and_online_as_they_always_were(self, central: Central) -> None:
        done = central("offline", "--mode", "hang", "--for", "2h10m", "--reason", "a drill")
        assert done == Done(0, "The centre is offline (HANG) for 2h10m.\n", "")
        state = central("state").out
        assert "The centre is offline (HANG) for another 2 h" in state
        assert central("online") == Done(0, "The centre is online.\n", "")
        assert "a drill" in central("audit").out

    def test_online_says_what_stays(self, central: Central) -> None:
        central("fault", "set", "latency", "--setting", "seconds=1")
        assert central("online").out == "The centre is online. 1 other rules are on.\n"

    def test_the_state_as_the_console_says_it(self, central: Central) -> None:
        assert json.loads(central("state", "--json").out)["online"] is True


class TestFaults:
    def test_set_list_show_remove(self, central: Central) -> None:
        done = central(
            "fault", "set", "drip", "--setting", "bytes_per_second=8", "--office", "33.13.*",
            "--endpoint", "records.post", "--first", "2", "--probability", "0.5", "--for", "10m",
            "--reason", "a drill [/of the] night", "--name", "slow",
        )  # fmt: skip
        assert done == Done(0, "slow is on for 10 min.\n", "")
        listed = central("faults", "list").out
        assert re.search(r"slow .*DRIP bytes_per_second=8.0 .*0.5 of them, first 2 .*0 of 0", listed)
        shown = central("fault", "show", "slow").out
        assert "offices 33.13.*; endpoints records.post" in shown
        assert "a drill [/of the] night" in shown
        rule = json.loads(central("fault", "list", "--json").out)["items"][0]
        assert rule["shape"]["first"] == 2
        assert central("fault", "remove", "slow").out == "slow is off.\n"
        assert central("fault", "list").out == "No fault is on.\n"

    def test_all_matchers_and_shapes_reach_the_console(self, central: Central) -> None:
        central(
            "fault", "set", "bandwidth", "--setting", "bytes_in_per_second=100", "--key", NOBODY, "--direction",
            "request", "--every", "3", "--after", "1", "--times", "5", "--per-rule", "--priority", "7", "--name", "all",
        )  # fmt: skip
        rule = json.loads(central("fault", "show", "all", "--json").out)
        assert rule["match"]["keys"] == [NOBODY]
        assert rule["match"]["direction"] == "REQUEST"
        wanted = {"every": 3, "after": 1, "times": 5, "per": "RULE"}
        assert rule["shape"].items() >= wanted.items()
        assert rule["priority"] == 7

    def test_one_in_the_place_of_another(self, central: Central) -> None:
        central("fault", "set", "latency", "--setting", "seconds=1", "--name", "slow")
        taken = central("fault", "set", "latency", "--setting", "seconds=2", "--name", "slow")
        assert taken.code == 1
        assert "409" in taken.err
        done = central("fault", "set", "latency", "--setting", "seconds=2", "--name", "slow", "--replace")
        assert done.code == 0
        assert json.loads(central("fault", "show", "slow", "--json").out)["fault"]["seconds"] == 2

    def test_clear_takes_everything_off(self, central: Central) -> None:
        central("fault", "set", "latency", "--setting", "seconds=1")
        central("scenario", "start", "flapping")
        assert central("clear").out == "Nothing is on.\n"
        state = json.loads(central("state", "--json").out)
        assert (state["rules"], state["scenario"]) == ([], None)

    def test_the_catalogue(self, central: Central) -> None:
        assert "CHECK_OVERLOADED" in central("fault", "kinds").out
        shown = central("fault", "kinds", "latency").out
        assert "must be set" in shown
        assert "FIXED, UNIFORM, LOGNORMAL" in shown

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (
                ["set", "drip", "--setting", "bytes_per_second=0"],
                2,
                "bytes_per_second: Input should be greater than 0",
            ),
            (["set", "status", "--setting", "statu=500"], 2, "statu: Extra inputs are not permitted"),
            (["set", "drop"], 2, "does not match any of the expected tags"),
            (["set", "drip", "--setting", "fast"], 2, "write it like bytes_per_second=8"),
            (
                ["set", "drip", "--probability", "2"],
                2,
                "probability: Input should be less than or equal to 1",
            ),
            (["set", "drip", "--endpoint", "record.post"], 2, "endpoints.0: Input should be 'records.post'"),
            (["set", "drip", "--for", "soon"], 2, "write it like 2h10m"),
            (["set", "drip", "--for", "200h"], 2, "for: Input should be less than or equal to 7 days"),
            (["set", "drip", "--replace"], 2, "--replace needs --name"),
            (["set", "hang", "--office", "33.20"], 1, "(/match/offices: HANG is done to the listener"),
            (["show", "nothing"], 1, "No rule named 'nothing' is on"),
            (["remove", "nothing"], 1, "No rule named 'nothing' is on"),
            (["kinds", "drop"], 2, "`ektp central fault kinds` lists them"),
        ],
    )
    def test_what_is_wrong_is_said_in_one_line(
        self, central: Central, arguments: list[str], code: int, words: str
    ) -> None:
        done = central("fault", *arguments)
        assert (done.code, done.out) == (code, "")
        assert words in done.err
        assert done.err.count("\n") == 1


class TestRecords:
    def test_a_sample_record_is_taken_and_verified(
        self, central: Central, centre_process: CentreProcess, tmp_path: Path
    ) -> None:
        key = central("sample-record", "--out", tmp_path).out.strip()
        assert post(centre_process, tmp_path) == 201
        assert central("verify", "-", stdin=key).out.endswith("Belief and fact agree.\n")

        listed = tmp_path / "believed.ndjson"
        sha256 = json.loads((tmp_path / "envelope.json").read_text())["packet_sha256"]
        listed.write_text(json.dumps({"key": key, "sha256": sha256}) + f"\n\n{NOBODY}\n")
        done = central("verify", listed)
        assert done.code == 1
        assert f"lost: 1 ({NOBODY})" in done.out
        assert json.loads(central("verify", listed, "--json").out)["lost"] == [NOBODY]

    def test_many_records_of_as_many_people(
        self, central: Central, centre_process: CentreProcess, tmp_path: Path
    ) -> None:
        keys = central("sample-record", "--out", tmp_path, "--count", "3").out.split()
        assert [post(centre_process, tmp_path / key) for key in keys] == [201, 201, 201]
        assert central("verify", "-", stdin="\n".join(keys)).code == 0

    def test_a_list_that_can_not_be_read(self, central: Central, tmp_path: Path) -> None:
        assert "can't be read" in central("verify", tmp_path / "none").err
        assert "line 2 is no JSON" in central("verify", "-", stdin=f"{NOBODY}\n{{").err
        assert "line 1 names no key" in central("verify", "-", stdin="{}").err

    def test_the_journal_by_lines_filters_and_file(
        self, central: Central, centre_process: CentreProcess, tmp_path: Path
    ) -> None:
        key = central("sample-record", "--out", tmp_path).out.strip()
        central("fault", "set", "answer-lost", "--first", "1", "--name", "lost")
        assert [post(centre_process, tmp_path) for _ in range(2)] == [0, 200]

        first, second = central("journal", "--key", key).out.splitlines()
        assert re.search(r"POST records 33.13.07 .* 201 \d+ ms, applied, NOT ACKNOWLEDGED \[lost\]$", first)
        assert re.search(r"attempt 2: 200 \d+ ms, replayed$", second)
        assert len(central("journal", "--fired").out.splitlines()) == 1
        assert "rule lost set" in central("journal", "--what", "rule").out
        assert json.loads(central("journal", "--not-acknowledged", "--json").out)["key"] == key
        file = tmp_path / "journal.ndjson"
        assert central("journal", "--outcome", "replayed", "--export", file).out == f"1 entries in {file}.\n"
        assert json.loads(file.read_text())["outcome"] == "REPLAYED"
        assert central("behaviour").out.endswith("Nothing is wrong with what was seen.\n")
        assert central("recording").out.count('"fired"') == 1


class TestRepeating:
    def test_seed_recording_replay(self, central: Central, tmp_path: Path) -> None:
        assert central("seed", "7").out == "Seed 7.\n"
        central("fault", "set", "status", "--setting", "status=500", "--probability", "0.3", "--name", "coin")
        file = tmp_path / "recording.ndjson"
        assert "things that rules did" in central("recording", file).out
        central("clear")
        central("seed", "8")
        replayed = central("replay", file)
        assert replayed.out.startswith("Seed 7.\n")
        assert "0.3 of them" in replayed.out
        assert central("seed").out == "Seed 7.\n"
        assert "no recording" in central("replay", Path(__file__)).err

    def test_a_reset_asks_first(self, central: Central) -> None:
        assert central("reset", stdin="n\n").code != 0
        assert central("reset", "--yes").out == "The centre is empty and well.\n"


class TestScenarios:
    def test_a_scenario_is_defined_played_and_forgotten(self, central: Central, tmp_path: Path) -> None:
        file = tmp_path / "monday.toml"
        file.write_text(
            'name = "monday"\n[[stages]]\nname = "away"\nlasts = "PT10M"\n'
            'faults = [{ name = "dead", fault = { kind = "RESET" } }]\n[[stages]]\nname = "well"\nlasts = "PT5M"\n'
        )
        assert central("scenario", "define", file).out == "monday is defined: away, well.\n"
        assert "monday" in central("scenarios", "list").out
        assert "a time of health" in central("scenario", "show", "monday").out
        started = central("scenario", "start", "monday", "--reason", "a drill").out
        assert started.startswith(
            "Scenario monday: stage away (1 of 2), 10 min left, then well; over in 15 min"
        )
        assert "paused" in central("scenario", "pause", "monday", "--for", "5m").out
        assert "left" in central("scenario", "resume", "monday").out
        assert "Scenario monday: stage away" in central("state").out
        assert "stage well (2 of 2)" in central("scenario", "step", "monday").out
        assert central("scenario", "stop", "monday").out == "Scenario monday does not run.\n"
        assert central("scenario", "forget", "monday").out == "monday is forgotten.\n"

    def test_a_file_that_is_no_scenario(self, central: Central, tmp_path: Path) -> None:
        file = tmp_path / "bad.toml"
        for text, words in (("name =", "is no TOML"), ('name = "x"', "stages: Field required")):
            file.write_text(text)
            done = central("scenario", "define", file)
            assert (done.code, done.out) == (2, "")
            assert words in done.err
        assert "No such file" in central("scenario", "define", tmp_path / "none").err


class TestWatching:
    def test_one_screen(self, central: Central) -> None:
        central("fault", "set", "http-503", "--name", "busy", "--for", "10m")
        central("scenario", "start", "thin-link")
        shown = central("watch", "--once").out
        for words in ("The centre is online.", "Scenario thin-link: stage 128-kbit", "busy", "rule busy set"):
            assert words in shown

    def test_it_follows_what_happens_until_ctrl_c(
        self, central: Central, centre_process: CentreProcess, tmp_path: Path
    ) -> None:
        central("fault", "set", "status", "--setting", "status=500", "--name", "broken", "--for", "10m")
        central("sample-record", "--out", tmp_path)
        with Screen(centre_process) as screen:
            wait_until(lambda: "broken" in screen.shown, within=20, saying="the rule is on the screen")
            assert post(centre_process, tmp_path) == 500
            wait_until(lambda: "500 " in screen.shown and "[broken]" in screen.shown, within=20)
            wait_until(lambda: "1 of 1" in screen.shown, within=20, saying="it has fired")
            wait_until(lambda: re.search(r"by status: 500: 0\.1 +\(1 seen\)", screen.shown), within=20)
        assert screen.code == 0

    def test_the_rate_is_that_of_whole_seconds(self) -> None:
        board = Board()
        entry: dict[str, Any] = {
            "what": "REQUEST", "at": "2026-11-22T09:00:00+07:00", "method": "GET", "route": "/central/v1/health",
            "office": None, "key": None, "attempt": 1, "finished": True, "ms": 1.0, "applied": False,
            "acknowledged": True, "outcome": None, "rules": [],
        }  # fmt: skip
        for number, status in enumerate([200, 200, 503, None]):
            board.heard(entry | {"status": status}, 100.0 + number)
        assert board.rates(103.5) == {"200": 0.2, "503": 0.1}, "the second that runs is not over"
        assert board.rates(112.9) == {"503": 0.1, "no answer": 0.1}
        assert board.rates(200.0) == {}
        assert (board.requests, len(board.lines)) == (4, 4)


class Screen:
    """`ektp central watch` in a terminal of its own."""

    def __init__(self, process: CentreProcess) -> None:
        self._environment = process.environment | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        self._written = b""
        self.code: int | None = None

    @property
    def shown(self) -> str:
        """The last whole screen, without its colours."""
        frames = self._written.decode(errors="replace").split("\x1b[H")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(frames[-2:]))

    def __enter__(self) -> Self:
        self._terminal, inner = pty.openpty()
        self._process = subprocess.Popen(
            ends_with_parent([sys.executable, "-m", "services.ektp", "central", "watch"]),
            env=self._environment,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            # As a shell without job control starts what it sends to the background, and all that comes of it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509  # no thread starts here
        )
        os.close(inner)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # Linux's word for a terminal that nobody writes to any more
            while part := os.read(self._terminal, 65536):
                self._written += part

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self.code = self._process.wait(15)
        finally:
            self._process.kill()
            self._process.wait(5)
            self._reader.join(5)
            os.close(self._terminal)


class TestAlone:
    def test_a_centre_starts_in_an_empty_directory_and_only_for_a_demo(
        self, central: Central, centre_process: CentreProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = {path.name for path in (centre_process.home / "keys").iterdir()}
        assert made == {
            f"{name}-{half}.pem"
            for name in ("centre-seal", "centre-sign", "token")
            for half in ("private", "public")
        }
        monkeypatch.setenv("EKTP_PROFILE", "production")
        refused = central("serve")
        assert (refused.code, refused.out) == (2, "")
        assert "EKTP_PROFILE says production" in refused.err

    def test_a_console_that_is_not_there(self, central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "services.ektp.settings.TrioSettings.urls", {"central_control": "http://127.0.0.1:1"}
        )
        for verb in (["state"], ["journal", "--follow"], ["watch", "--once"]):
            done = central(*verb)
            assert (done.code, done.out) == (1, "")
            assert "`ektp central serve`" in done.err
