"""The papers say what is so: names that exist, commands that run, numbers that ring."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

import bot
import directory
from bot.cli import main
from bot.engine.loader import load
from directory.lines import lines

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
SETTING = re.compile(r'"((?:KUSKA|TELEGRAM|TWILIO|SMTP)_[A-Z_]+)"')
COMMAND = re.compile(r"(?:`|bin/)kuska ([a-z][^`\n&]*)")
DOTTED = re.compile(r"`([a-z_]+)\.([A-Za-z_][\w.]*)`")


def read(name: str) -> str:
    """One of the papers."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def modules() -> dict[str, list[str]]:
    """Full names by the last part, as the papers write them."""
    found: dict[str, list[str]] = {}
    for package in (bot, directory):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            found.setdefault(each.name.rpartition(".")[2], []).append(each.name)
    return found


def resolves(module: ModuleType, dotted: str) -> bool:
    """Whether a module has a name, also inside a class."""
    holder: object = module
    for part in dotted.split("."):
        if not hasattr(holder, part):
            return False
        holder = getattr(holder, part)
    return True


def test_every_name_on_the_way_of_a_message_exists() -> None:
    """A function that is renamed is renamed in the paper too."""
    known, named = modules(), DOTTED.findall(read("one-message.md"))
    assert len(named) > 25
    for module, dotted in named:
        candidates = [importlib.import_module(each) for each in known.get(module, [])]
        assert any(resolves(each, dotted) for each in candidates), f"{module}.{dotted}"


def test_every_setting_is_explained() -> None:
    """A setting that the code reads stands in the operators' table."""
    code = (ROOT / "bot" / "settings.py").read_text(encoding="utf-8")
    names = set(SETTING.findall(code))
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in read("operating.md")} == set()


def test_every_command_in_the_papers_exists() -> None:
    """With its sub-command and the options that are shown."""
    shown = [words for path in DOCS for words in COMMAND.findall(path.read_text(encoding="utf-8"))]
    assert len(shown) > 15
    for words in shown:
        command: click.Command = main
        for word in words.split():
            if word.startswith("--"):
                options = {name for each in command.params for name in each.opts}
                assert word in options, words
            elif isinstance(command, click.Group):
                assert word in command.commands, words
                command = command.commands[word]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_papers_lead_somewhere(path: Path) -> None:
    """A link to a file of ours is one that is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_numbers_for_minors_are_national_lines() -> None:
    """What a counselor would dial from the page is in `emergency.yaml`."""
    numbers = {line.number for line in lines().values()}
    dialled = set(re.findall(r"\*\*(?:Línea )?(\d{3,4})\*\*", read("minors.md")))
    assert dialled >= {"1810", "105", "100"}
    assert dialled <= numbers


def test_counselors_are_told_what_she_was_told() -> None:
    """The duty to report is quoted word by word from what the chat says before a handoff."""
    quoted = " ".join(re.findall(r"^> (.*)$", read("minors.md"), re.MULTILINE))
    offer = load(ROOT / "flows").states["handoff.offer"]
    assert quoted in {saying.text for saying in offer.say.values()}
