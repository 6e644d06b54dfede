"""README and docs do what they say: each command is run, each shown answer found, each named command exists."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from services.ektp.cli import app
from shared.testing.ports import free_ports
from shared.testing.trio import PORT_SETTINGS, Trio
from tests.e2e.documented import ROOT, Block, blocks_of, pages, parse, run, shows

RUN = ("README.md", "docs/clients.md", "docs/operations.md")
"""In this order, on one trio: what a page leaves behind must not disturb a reader of the next."""
ALONE = "docs/faults.md"
"""For readers who have the centre and no trio: the page starts its own."""
NOT_RUN = 7
WITHIN = 300.0
TOOLS = ("bash", "curl", "openssl")

missing = [tool for tool in TOOLS if shutil.which(tool) is None]
needs_tools = pytest.mark.skipif(
    bool(missing), reason=f"the pages' own tools are missing: {', '.join(missing)}"
)


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    with Trio() as running:
        yield running


@needs_tools
@pytest.mark.timeout(WITHIN + 120)
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_work_and_answer_as_shown(page: str, trio: Trio, tmp_path: Path) -> None:
    blocks = [block for block in blocks_of(page) if block.not_run is None]
    environment = {name: trio.settings[name] for name in (*PORT_SETTINGS, "EKTP_HOME")}

    answers = run(blocks, environment, tmp_path, within=WITHIN)

    for block, printed in zip(blocks, answers, strict=True):
        assert block.shown is None or shows(block.shown, printed), f"{block.where} printed:\n{printed}"


@needs_tools
@pytest.mark.timeout(WITHIN + 60)
def test_the_page_about_faults_needs_nothing_but_the_centre(tmp_path: Path) -> None:
    port, control_port = map(str, free_ports(2))
    environment = {
        "EKTP_HOME": str(tmp_path / "home"),
        "CENTRAL_PORT": port,
        "CENTRAL_CONTROL_PORT": control_port,
    }
    blocks = blocks_of(ALONE)

    answers = run(blocks, environment, tmp_path, within=WITHIN)

    for block, printed in zip(blocks, answers, strict=True):
        assert block.shown is None or shows(block.shown, printed), f"{block.where} printed:\n{printed}"


def every_block() -> list[Block]:
    return [block for page in pages() for block in blocks_of(page)]


def test_no_command_stands_outside_the_pages_that_are_run() -> None:
    astray = [
        block.where for block in every_block() if block.page not in {*RUN, ALONE} and block.not_run is None
    ]
    assert astray == []


def test_what_is_not_run_is_counted_and_says_why() -> None:
    reasons = [block for block in every_block() if block.not_run is not None]
    assert len(reasons) == NOT_RUN, [block.where for block in reasons]
    assert all(len(block.not_run or "") > 10 for block in reasons)


def test_every_ektp_command_that_is_named_exists() -> None:
    root = typer.main.get_command(app)
    for page in pages():
        for words in re.findall(
            r"\bektp ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", code_of((ROOT / page).read_text())
        ):
            assert exists(root, words.split()), f"{page}: ektp {words}"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        named = set(re.findall(r"\bmake ([a-z]+)", code_of((ROOT / page).read_text())))
        assert named <= targets, page


def test_links_between_pages_lead_somewhere() -> None:
    for page in pages():
        text = (ROOT / page).read_text()
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def code_of(text: str) -> str:
    """What stands in fences and between backticks."""
    return "\n".join(re.findall(r"^```.*?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL))


def exists(command: object, words: list[str]) -> bool:
    """Whether the words begin with a command; what follows one that has no commands of its own is its argument."""
    for word in words:
        if not isinstance(command, TyperGroup):
            return True
        found = command.commands.get(word)
        if found is None:
            return False
        command = found
    return True


class TestReadingAPage:
    PAGE = (
        "# Page\n\n```sh\necho one\n```\n```text\none …\n```\n\n"
        "<!-- not run: there is only one trio -->\n```sh\nmake run\n```\nwords\n```json\n{}\n```\n"
    )

    def test_commands_their_answer_and_the_reason_not_to_run_them(self) -> None:
        first, second = parse("page.md", self.PAGE)
        assert (first.commands, first.shown, first.not_run) == ("echo one\n", "one …\n", None)
        assert (second.commands, second.shown) == ("make run\n", None)
        assert second.not_run == "there is only one trio"
        assert (first.line, second.line) == (3, 10)

    def test_a_command_that_fails_is_named_with_its_place(self, tmp_path: Path) -> None:
        blocks = [
            Block("page.md", line, text, None, None) for line, text in enumerate(["true\n", "false\n"], 1)
        ]
        with pytest.raises(AssertionError, match=r"page\.md:2 ended with exit code 1"):
            run(blocks, {}, tmp_path, within=10)

    def test_an_answer_matches_without_its_white_space_and_what_is_left_out(self) -> None:
        assert shows('{"a": 1, … "z": "…"}', '{"a":1,"b":2,"z":"x"}\n')
        assert not shows('{"a": 1}', '{"a":2}')
