"""Dialogues as data: each file of `tests/conversations/` is played through the real door."""

from __future__ import annotations

import csv
import re
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import TypeAdapter

from bot.channels.base import Sending
from bot.engine.memory import Memory
from bot.engine.world import Duty
from bot.rehearsal import Rehearsal

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests" / "conversations").glob("*.yaml"))
DEFAULT_NOW = "2026-11-23T10:00:00-05:00"
CHANNELS = ("web", "telegram", "whatsapp")
ABOUT = {"about", "now", "channel", "only", "duty", "never", "turns"}
"""`duty`: counselors present; `never`: what no turn of the whole dialogue may say."""
KEYS = {
    "her", "media", "location", "tap_kept", "keep_choice", "advance", "says", "never", "exactly",
    "state", "session", "language", "handoff", "stored",
    "counselor", "by", "reply",
}  # fmt: skip
DURATION = TypeAdapter(timedelta)


def plain(text: str) -> str:
    """Lower case, without accents and markup: what is compared."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    for mark in ("**", "*", "`", "<b>", "</b>", "<code>", "</code>", "\u2019"):
        kept = kept.replace(mark, "")
    return kept


def is_said(words: str, said: str) -> bool:
    """Whether the words stand there whole (105 is not in 1105); a final `*` takes any ending."""
    wanted = plain(words)
    ending = "" if wanted.endswith("*") else r"(?!\w)"
    return re.search(rf"(?<!\w){re.escape(wanted.rstrip('*'))}{ending}", said) is not None


def test_every_way_is_walked() -> None:
    """Each state that carries a way of care is reached by a dialogue that names it."""
    scripts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES]
    walked = {turn.get("state") for script in scripts for turn in script["turns"]}
    with (ROOT / "flows" / "ways.csv").open(encoding="utf-8", newline="") as file:
        missing = {row["state"] for row in csv.DictReader(file)} - walked
    assert not missing


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dialogue(path: Path, channel: str) -> None:
    """On every channel the dialogue says what it must, and never what it must not."""
    script = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(script) <= ABOUT, f"{path.name}: {set(script) - ABOUT}"
    if script.get("only") and channel not in script["only"]:
        pytest.skip(f"this situation is about {', '.join(script['only'])}")
    now = datetime.fromisoformat(script.get("now", DEFAULT_NOW))
    with Rehearsal(ROOT, now.astimezone(ZoneInfo("America/Lima")), channel=channel) as rehearsal:
        rehearsal.duty = Duty(present=script.get("duty", 0))
        kept = ""
        for number, turn in enumerate(script["turns"], start=1):
            assert set(turn) <= KEYS, f"{path.name} turn {number}: {set(turn) - KEYS}"
            if "keep_choice" in turn:
                memory = rehearsal.memory_of("1")
                assert memory is not None
                kept = next(one for one, _ in memory.prompt if one.endswith(turn["keep_choice"]))
                continue
            turn["never"] = [*turn.get("never", ()), *script.get("never", ())]
            _play(rehearsal, turn, kept, f"{path.name} turn {number} on {channel}")


def _play(rehearsal: Rehearsal, turn: dict[str, Any], kept: str, where: str) -> None:
    shown = _shown(rehearsal, turn, kept)
    memory = rehearsal.memory_of("1") or Memory()
    titles = [choice.title for sending in shown for choice in sending.choices]
    said = plain("\n".join([*(sending.text for sending in shown), *titles]))
    for words in turn.get("says", ()):
        assert is_said(words, said), f"{where}: does not say «{words}»:\n{said}"
    for words in turn.get("never", ()):
        assert not is_said(words, said), f"{where}: says «{words}»:\n{said}"
    if "exactly" in turn:
        assert [plain(sending.text) for sending in shown] == [
            plain(text) for text in turn["exactly"]
        ], where
    for name in ("state", "session", "language"):
        if name in turn:
            assert getattr(memory, name) == turn[name], f"{where}: {name}"
    if "stored" in turn:
        assert rehearsal.stored() == turn["stored"], where
    if "handoff" in turn:
        assert rehearsal.handoff_status("1") == turn["handoff"], where


def _shown(rehearsal: Rehearsal, turn: dict[str, Any], kept: str) -> list[Sending]:
    """What she sees after something happened: she wrote, time passed, a counselor acted."""
    if "advance" in turn:
        rehearsal.advance(DURATION.validate_python(turn["advance"]))
        return rehearsal.deliver("1")
    if "counselor" in turn:
        return rehearsal.counsel(
            "1", turn["counselor"], turn.get("by", "c1"), turn.get("reply", "")
        )
    if turn.get("tap_kept"):
        return rehearsal.hear("1", choice=kept)[1]
    if "media" in turn:
        return rehearsal.hear("1", media=turn["media"])[1]
    if "location" in turn:
        return rehearsal.hear("1", location=tuple(turn["location"]))[1]
    return rehearsal.hear("1", text=turn["her"])[1]
