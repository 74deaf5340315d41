"""The designer's session in docs/start runs, and prints what the page quotes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT

import fairpull

PAGE = ROOT / "docs" / "start" / "design-a-banner.md"
TEXT = PAGE.read_text(encoding="utf-8")


class Quoted(NamedTuple):
    command: str
    output: str


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def quoted_commands() -> list[Quoted]:
    """Each line after ``$`` with what the page says it prints."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Quoted(command, output))
    return found


COMMANDS = quoted_commands()


def words(text: str) -> str:
    """The text without the lines of tables, and each gap one space."""
    return " ".join(re.sub(r"[\u2500-\u257f]", " ", text).split())


def agrees(quoted: str, printed: str) -> bool:
    """Whether they say the same; a lone … in the page stands for any lines."""
    parts = [words(p) for p in re.split(r"^…$", quoted, flags=re.MULTILINE)]
    pattern = " (?:.* )?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, words(printed)) is not None


def run(command: str, folder: Path) -> str:
    """What a command of the page prints, stdout and stderr as in a terminal."""
    shadowed = f'fairpull() {{ "{sys.executable}" -m fairpull "$@"; }}\n{command}'
    set_apart = {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    environment = {k: v for k, v in os.environ.items() if k not in set_apart}
    environment |= {"COLUMNS": "200", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    result = subprocess.run(
        ["bash", "-c", shadowed],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    # The first picture on a slow machine tells how long its fonts take.
    lines = result.stdout.splitlines()
    return "\n".join(x for x in lines if not x.startswith("Matplotlib is building"))


class Session(NamedTuple):
    folder: Path
    printed: dict[str, str]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The page done once, in a folder of its own, in its order."""
    folder = tmp_path_factory.mktemp("designer")
    (banner,) = blocks("json")
    (folder / "lanterns.json").write_text(banner, encoding="utf-8")
    return Session(folder, {c.command: run(c.command, folder) for c in COMMANDS})


def test_the_page_shows_every_command_that_a_designer_needs():
    shown = "\n".join(quoted.command for quoted in COMMANDS)
    for used in ["check", "odds", "--markdown", "--describe", "--state", "--plot"]:
        assert used in shown
    assert len(COMMANDS) == len({quoted.command for quoted in COMMANDS})


@pytest.mark.parametrize("quoted", COMMANDS, ids=lambda quoted: quoted.command)
def test_a_command_prints_what_the_page_quotes(quoted: Quoted, session: Session):
    printed = session.printed[quoted.command]
    assert agrees(quoted.output, printed), f"it prints now:\n{printed}"


def test_a_figure_that_differs_is_seen():
    table = "│ mean │ 79.57 │\n…\n│ at most │ 150 │\n"
    assert agrees(table, "┃ mean   ┃ 79.57 ┃\n10% 26\n90% 137\nat most 150")
    assert agrees(table, "mean 79.57\nat most 150")
    assert not agrees(table, "mean 79.58\n90% 137\nat most 150")
    assert not agrees(table, "mean 79.57\n90% 137\nat most 150\n160")
    assert not agrees("", "a warning")


def new_player(session: Session, file: str) -> tuple[fairpull.Distribution, int]:
    banner = fairpull.Banner.load(session.folder / file)
    return banner.pulls_to("featured:gold"), banner.price_amount


def test_the_comparison_has_the_exact_figures(session: Session):
    rows = re.findall(r"^\| `(\S+)` \| (.*) \|$", TEXT, re.MULTILINE)
    assert [file for file, _ in rows] == [
        "lanterns.json",
        "hard-pity-70.json",
        "share-60.json",
    ]
    for file, cells in rows:
        pulls, price = new_player(session, file)
        worst = pulls.support[1]
        assert worst is not None
        nine_in_ten = int(pulls.icdf(0.9))
        assert cells.split(" | ") == [
            f"{pulls.mean:.10g}",
            f"{nine_in_ten} pulls, {nine_in_ten * price} pearls",
            f"{worst} pulls, {worst * price} pearls",
        ]


def test_the_figures_bear_out_the_decision(session: Session):
    first, price = new_player(session, "lanterns.json")
    lower, _ = new_player(session, "hard-pity-70.json")
    wider, _ = new_player(session, "share-60.json")
    assert first.mean - wider.mean > 5
    assert first.support[1] == wider.support[1] == 22500 / price
    assert 0 < first.mean - lower.mean < 0.5
    assert lower.support[1] == 21000 / price


def test_the_program_prints_what_the_page_quotes(
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (program,), (output,) = blocks("python"), blocks("text")
    monkeypatch.chdir(session.folder)
    exec(program, {})
    assert capsys.readouterr().out == output
    assert (session.folder / "hard-pity-70.png").stat().st_size > 0


def test_the_picture_is_there_and_small(session: Session):
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", TEXT)
    kept = (PAGE.parent / picture).read_bytes()
    made = (session.folder / picture).read_bytes()
    assert kept[:24] == made[:24], "not a picture of the same kind and size"
    assert len(kept) < 60_000


def test_links_of_the_page_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
