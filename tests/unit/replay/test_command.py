"""The exit code is the verdict, also through `ektp`, which loads the replay only when it is asked for."""

import pytest
import typer

from services.ektp import cli
from services.ektp.replay import command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["ektp", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("code", [0, 1, 130])
def test_what_the_demo_exits_with_is_what_ektp_exits_with(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def demo() -> None:
        raise typer.Exit(code)

    monkeypatch.setattr(command, "demo", demo)

    assert run(monkeypatch, "demo") == code


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def demo() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "demo", demo)

    assert run(monkeypatch, "demo") == 130


def test_an_unknown_scenario_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "day", "replay", "bandung") == 1

    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("ektp: no scenario 'bandung'")
