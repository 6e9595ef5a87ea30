"""The doctor: finds what is wrong with a deployment, and tells nobody's secret."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from doubles import bot_api, twilio_api
from doubles.serving import serve
from storeroom import Room

from bot import checking
from bot.doctor import ROOM_NEEDED, Finding, examine, space
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
NOW = datetime.now(UTC)
PUBLIC = "https://kuska.example"
SECRET = "not-to-be-seen"


@pytest.fixture(autouse=True)
def content_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What flows and catalogues are like today is proved elsewhere; here it would only be slow."""
    monkeypatch.setattr(checking, "problems", lambda root: [])


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A store where a deployment at `tmp_path` has it, with one contact in it."""
    settings = settle(tmp_path)
    kept = Room(settings.database_url, settings.keys_url, list(settings.derive("vault")))
    kept.turn()
    yield kept
    kept.close()


def settle(home: Path, **env: str) -> Settings:
    """The settings of a deployment whose `var/` lies in `home`."""
    return Settings.from_environment(env, home)


def close(room: Room, home: Path) -> None:
    """End the service and leave its files as a real one does: closed to others."""
    room.close()
    for path in (home / "var").iterdir():
        path.chmod(0o600)


def look(settings: Settings) -> dict[str, Finding]:
    """Findings by subject; of several about one the worst."""
    found: dict[str, Finding] = {}
    for finding in examine(settings, ROOT, NOW):
        if finding.subject not in found or finding.level == "problem":
            found[finding.subject] = finding
    return found


def test_a_sound_deployment_has_no_problem(room: Room, tmp_path: Path) -> None:
    """Store, keys, files and delivery of a demo that just ran are found to be well."""
    close(room, tmp_path)
    found = look(settle(tmp_path))
    assert [finding for finding in found.values() if finding.level == "problem"] == []
    assert {found[name].level for name in ("database", "store", "keys", "files")} == {"ok"}
    with closing(sqlite3.connect(tmp_path / "var" / "kuska.db")) as connection:
        assert connection.execute("SELECT count(*) FROM incident").fetchone() == (0,)


def test_a_deployment_that_never_started_is_no_problem(tmp_path: Path) -> None:
    """Without a database the doctor says so and makes none."""
    assert look(settle(tmp_path))["database"].level == "note"
    assert not (tmp_path / "var" / "kuska.db").exists()


def test_a_file_that_others_may_read_is_named(room: Room, tmp_path: Path) -> None:
    """Any of the private files, with the command that closes it."""
    close(room, tmp_path)
    for name in ("kuska.db", "keys.db", "secret-keys"):
        path = tmp_path / "var" / name
        path.chmod(0o640)
        finding = look(settle(tmp_path))["files"]
        assert finding.level == "problem"
        assert f"chmod 600 {path}" in finding.said
        path.chmod(0o600)


def test_a_lost_key_store_is_found(room: Room, tmp_path: Path) -> None:
    """Contacts without keys are counted before a start drops them."""
    close(room, tmp_path)
    (tmp_path / "var" / "keys.db").unlink()
    finding = look(settle(tmp_path))["keys"]
    assert finding.level == "problem"
    assert finding.said.startswith("1 contacts")
    assert not (tmp_path / "var" / "keys.db").exists()


def test_a_secret_key_that_is_gone_is_found(room: Room, tmp_path: Path) -> None:
    """When the list no longer holds the key that wraps the vault, its setting is named."""
    close(room, tmp_path)
    (tmp_path / "var" / "secret-keys").write_text("demo-" + "another-key-of-thirty-two-chars")
    finding = look(settle(tmp_path))["keys"]
    assert finding.level == "problem"
    assert "KUSKA_SECRET_KEYS" in finding.said


def test_an_old_or_newer_schema_is_found(room: Room, tmp_path: Path) -> None:
    """Another version than this one's is a problem, and nothing is written then."""
    close(room, tmp_path)
    for version, said in (("0001", "a start upgrades it"), ("9999", "of a newer Kuska")):
        with closing(sqlite3.connect(tmp_path / "var" / "kuska.db")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
            connection.commit()
        found = look(settle(tmp_path))
        assert found["database"].level == "problem"
        assert said in found["database"].said
        assert "store" not in found


def test_a_damaged_or_foreign_file_is_found(room: Room, tmp_path: Path) -> None:
    """What is no database is told in one line."""
    close(room, tmp_path)
    (tmp_path / "var" / "kuska.db").write_bytes(b"\xff" * 8192)
    assert look(settle(tmp_path))["database"].level == "problem"


def test_a_store_that_cannot_be_written_is_found(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full or read-only shows before a message is lost."""
    close(room, tmp_path)
    with closing(sqlite3.connect(tmp_path / "var" / "kuska.db")) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON incident BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    found = look(settle(tmp_path))
    assert found["store"].level == "problem"


def test_replies_that_wait_are_counted(room: Room, tmp_path: Path) -> None:
    """What should have gone out ten minutes ago means that nobody delivers."""
    room.now = NOW - timedelta(hours=1)
    room.turn("whatsapp:+51900000002")
    close(room, tmp_path)
    finding = look(settle(tmp_path))["delivery"]
    assert finding.level == "problem"
    assert finding.said.startswith("1 replies")


def test_a_full_disk_is_a_problem() -> None:
    """Under a gigabyte the doctor warns, above it does not."""
    assert space(ROOM_NEEDED - 1).level == "problem"
    assert space(ROOM_NEEDED).level == "ok"


def test_the_age_of_the_last_copy(room: Room, tmp_path: Path) -> None:
    """Unknown at first, then in days; an old one is worth a note."""
    close(room, tmp_path)
    settings = settle(tmp_path)
    assert "unknown" in look(settings)["backup"].said
    mark = tmp_path / "var" / "last-backup"
    mark.touch(mode=0o600)
    assert look(settings)["backup"] == Finding("ok", "backup", "made 0 days ago")
    old = (NOW - timedelta(days=30)).timestamp()
    os.utime(mark, (old, old))
    assert look(settings)["backup"] == Finding("note", "backup", "made 30 days ago")


def test_content_that_does_not_hold_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `kuska check` would name is a problem of the deployment too."""
    monkeypatch.setattr(checking, "problems", lambda root: ["a:1: x", "b:2: y"])
    assert look(settle(tmp_path))["content"].said.startswith("2 problems")


def telegram_env(address: str) -> dict[str, str]:
    """Settings that point Telegram's client at a double."""
    return {
        "TELEGRAM_BOT_TOKEN": bot_api.TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_BASE_URL": address,
        "KUSKA_PUBLIC_URL": PUBLIC,
    }


def test_telegrams_webhook_is_compared(tmp_path: Path) -> None:
    """Well only when Telegram posts exactly here, or nowhere when it is polled."""
    api = bot_api.BotApi()
    with serve(api.handle) as address:
        env = telegram_env(address)
        assert look(settle(tmp_path, **env))["telegram"].level == "problem"
        api.webhook = {"url": f"{PUBLIC}/webhooks/telegram"}
        assert look(settle(tmp_path, **env))["telegram"].level == "ok"
        polled = look(settle(tmp_path, **env, TELEGRAM_MODE="polling"))["telegram"]
        assert polled.level == "problem"
        wrong = look(settle(tmp_path, **env | {"TELEGRAM_BOT_TOKEN": "1:wrong"}))["telegram"]
        assert wrong == Finding("problem", "telegram", "Telegram: the token is wrong")


def twilio_env(address: str, token: str = twilio_api.TOKEN) -> dict[str, str]:
    """Settings that point Twilio's client at a double."""
    return {
        "TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT,
        "TWILIO_AUTH_TOKEN": token,
        "TWILIO_FROM": twilio_api.SENDER,
        "TWILIO_API_BASE_URL": address,
        "KUSKA_PUBLIC_URL": PUBLIC,
    }


def test_what_twilio_still_keeps_is_counted(tmp_path: Path) -> None:
    """Records from before yesterday, both ways; a wrong token and a dead line are told apart."""
    clock = [NOW - timedelta(days=3)]
    api = twilio_api.TwilioApi(lambda: clock[0])
    api.arrive("whatsapp:+51987654321", "hola")
    clock[0] = NOW
    api.arrive("whatsapp:+51987654321", "hola")
    with serve(api.handle) as address:
        found = look(settle(tmp_path, **twilio_env(address)))["whatsapp"]
        assert found == Finding("problem", "whatsapp", "1 records left; run kuska purge")
        del api.messages[0]
        assert look(settle(tmp_path, **twilio_env(address)))["whatsapp"].level == "ok"
        wrong = look(settle(tmp_path, **twilio_env(address, SECRET)))["whatsapp"]
        assert wrong == Finding("problem", "whatsapp", "Twilio: account or token is wrong")
    gone = look(settle(tmp_path, **twilio_env(address)))["whatsapp"]
    assert gone == Finding("problem", "whatsapp", "Twilio: it cannot be reached")


@pytest.mark.parametrize("is_well", [True, False])
def test_no_secret_is_ever_said(room: Room, tmp_path: Path, is_well: bool) -> None:
    """Neither in a sound deployment nor in one where every check fails."""
    close(room, tmp_path)
    secrets: dict[str, Any] = {
        "TELEGRAM_BOT_TOKEN": "110201543:AAH-canary-telegram",
        "TELEGRAM_WEBHOOK_SECRET": "canary-hook",
        "TWILIO_ACCOUNT_SID": "ACcanaryaccount",
        "TWILIO_AUTH_TOKEN": "canary-twilio",
        "TWILIO_FROM": "whatsapp:+15550199",
        "SMTP_URL": "smtp://canary:mail@127.0.0.1",
    }
    api, twilio = bot_api.BotApi(), twilio_api.TwilioApi(lambda: NOW)
    with serve(api.handle) as telegram, serve(twilio.handle) as address:
        if is_well:
            secrets |= {"TELEGRAM_BOT_TOKEN": bot_api.TOKEN}
            secrets |= {"TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT}
            secrets |= {"TWILIO_AUTH_TOKEN": twilio_api.TOKEN, "TWILIO_FROM": twilio_api.SENDER}
        else:
            shutil.copy(tmp_path / "var" / "secret-keys", tmp_path / "var" / "kuska.db")
        env = secrets | {"TELEGRAM_API_BASE_URL": telegram, "TWILIO_API_BASE_URL": address}
        settings = settle(tmp_path, **env)
        said = "\n".join(finding.said for finding in examine(settings, ROOT, NOW))
    for secret in (*secrets.values(), *settings.secret_keys, "canary"):
        assert secret not in said


def test_postgresql_is_examined_too(postgres_room: Room, tmp_path: Path) -> None:
    """Schema, commit and keys on the other database, with one key too few."""
    arrival = postgres_room.turn()
    assert arrival is not None
    settings = settle(tmp_path, KUSKA_DATABASE_URL=postgres_room.url)
    postgres_room.masters[:0] = settings.derive("vault")
    vault = postgres_room.vault
    vault.rotate()
    found = {each.subject: each.level for each in examine(settings, ROOT, NOW)}
    assert found["database"] == found["store"] == "ok"
    assert found["keys"] == "ok"
    vault.destroy([arrival.contact_id])
    assert look(settings)["keys"].level == "problem"
