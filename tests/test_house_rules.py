"""The rules of the house: one direction of imports, the size of a room, what content may hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("directory/**/*.py"), ROOT / "server.py"])
LONGEST = 300
DOORS = (
    "bot.webhooks",
    "bot.providers",
    "bot.cli",
    "bot.console",
    "bot.chores",
    "bot.reception",
    "bot.health",
)


def imported(path: Path) -> Iterator[str]:
    """Names of modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(path: Path) -> str:
    """A file's module name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=called)
def test_a_module_is_one_room(path: Path) -> None:
    """No module is longer than 300 lines, and each says what it is."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    assert ast.get_docstring(ast.parse(text)), "what is this module?"


@pytest.mark.parametrize("path", MODULES, ids=called)
def test_one_direction(path: Path) -> None:
    """The directory knows nothing of conversations; the engine neither store nor channels; a
    channel only what it needs to parse and send; nothing below knows a door."""
    name, names = called(path), set(imported(path))
    if name.startswith("directory"):
        assert not {one for one in names if one.startswith("bot")}
    if name.startswith("bot.engine"):
        allowed = ("bot.engine", "bot.messages", "bot.errors")
        assert not {one for one in names if one.startswith("bot.") and not one.startswith(allowed)}
    if name.startswith("bot.channels"):
        allowed = ("bot.channels", "bot.messages", "bot.errors")
        assert not {one for one in names if one.startswith("bot.") and not one.startswith(allowed)}
    if name.startswith("bot.") and not name.startswith(DOORS):
        assert "server" not in names
        assert not {one for one in names if one.startswith("bot.webhooks")}


def test_nothing_of_the_workplace() -> None:
    """No path of a machine and no address of a registry stands in the project."""
    for path in [*MODULES, *ROOT.glob("*.lock"), *ROOT.glob("*.md"), ROOT / "Makefile"]:
        text = path.read_text(encoding="utf-8")
        assert "/root/" not in text, path.name
        if path.suffix == ".lock":
            assert "://" not in text, path.name
