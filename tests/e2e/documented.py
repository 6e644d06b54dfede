"""Reads the commands out of a page of documentation, runs them as a reader would, and finds the shown answers.

A fence marked `sh` is run. A `text` or `json` fence directly after one shows what it prints: white space does not
count and `…` stands for anything. A fence that must not be run has `<!-- not run: reason -->` above it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+?) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
END_OF_BLOCK = "\x1e"
# A page stops at its first command that fails, and says which by how many ends were printed.
PREAMBLE = "set -eo pipefail\n"


@dataclass(frozen=True)
class Block:
    """One fence with commands and the answer that the page shows for it, if any."""

    page: str
    line: int
    commands: str
    shown: str | None
    not_run: str | None

    @property
    def where(self) -> str:
        """For the message of a test that fails."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """README and every page of docs, as paths from the root."""
    return ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


def blocks_of(page: str) -> list[Block]:
    """The page's fences with commands, in order."""
    return list(parse(page, (ROOT / page).read_text()))


def parse(page: str, text: str) -> Iterator[Block]:
    """The fences with commands in a page's text."""
    fences = list(FENCE.finditer(text))
    for index, fence in enumerate(fences):
        if fence["language"] != "sh":
            continue
        after = fences[index + 1] if index + 1 < len(fences) else None
        is_answer = after is not None and after["language"] in {"text", "json"}
        directly = after is not None and not text[fence.end() : after.start()].strip()
        yield Block(
            page,
            text.count("\n", 0, fence.start()) + 1,
            fence["body"],
            after["body"] if after is not None and is_answer and directly else None,
            fence["reason"],
        )


def run(blocks: list[Block], environment: Mapping[str, str], scratch: Path, *, within: float) -> list[str]:
    """Run the blocks in one shell and give back what each printed. Raises AssertionError at the first that fails."""
    script, printed = scratch / "page.sh", scratch / "printed.txt"
    ends = f"printf '%s' '{END_OF_BLOCK}'\n"
    script.write_text(PREAMBLE + "".join(block.commands + ends for block in blocks))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with printed.open("wb") as out:
        try:
            code = subprocess.run(
                ["bash", str(script)],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(scratch), "COLUMNS": "160", **environment, "PATH": path},
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                timeout=within, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            code = -1
    answers = printed.read_text(errors="replace").split(END_OF_BLOCK)
    if code:
        failed = blocks[min(len(answers), len(blocks)) - 1]
        how = f"did not end within {within:g} s" if code < 0 else f"ended with exit code {code}"
        raise AssertionError(f"{failed.where} {how}:\n{failed.commands}\nprinted:\n{answers[-1][-3000:]}")
    return answers[: len(blocks)]


def shows(shown: str, printed: str) -> bool:
    """Whether the printed answer has what the page shows."""
    parts = [re.escape("".join(part.split())) for part in shown.split("…")]
    return re.search(".*?".join(parts), "".join(printed.split()), re.DOTALL) is not None
