"""Settings: safe by default in a demo, refused with one clear sentence when unsafe."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings

PRODUCTION = {
    "KUSKA_ENV": "production",
    "KUSKA_PUBLIC_URL": "https://kuska.example",
    "KUSKA_SECRET_KEYS": "hV3qZ8mT5wL1xR7cK9nB2dF6gJ4sP0yA",
    "TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "TELEGRAM_WEBHOOK_SECRET": "telegram-secret",
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "twilio-token",
    "TWILIO_FROM": "whatsapp:+14155238886",
}


def test_a_demo_needs_nothing(tmp_path: Path) -> None:
    """Without any setting there is a local address, polling, SQLite under var/ and fresh keys."""
    settings = Settings.from_environment({}, tmp_path)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.telegram_mode == "polling"
    assert settings.database_url == f"sqlite:///{tmp_path / 'var' / 'kuska.db'}"
    assert settings.keys_url == f"sqlite:///{tmp_path / 'var' / 'keys.db'}"
    assert settings.retention.total_seconds() == 24 * 3600
    again = Settings.from_environment({}, tmp_path)
    assert again.derive("vault") == settings.derive("vault")
    assert again.derive("vault") != again.derive("cookies")


def test_secrets_are_the_owners_only(tmp_path: Path) -> None:
    """The folder and the key file are closed to everybody else."""
    settings = Settings.from_environment({}, tmp_path)
    assert settings.keys_file is not None
    assert stat.S_IMODE(settings.keys_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.room.stat().st_mode) == 0o700


def test_printed_settings_show_no_secret(tmp_path: Path) -> None:
    """A log line or a traceback with the settings gives no token, key or password away."""
    settings = Settings.from_environment(
        PRODUCTION | {"KUSKA_DATABASE_URL": "postgresql://kuska:hunter2@db/kuska"}, tmp_path
    )
    shown = repr(settings)
    for name in PRODUCTION.keys() - {"KUSKA_ENV", "KUSKA_PUBLIC_URL"}:
        assert PRODUCTION[name] not in shown
    assert "hunter2" not in shown


def test_production_starts_when_all_is_set(tmp_path: Path) -> None:
    """The full set is accepted, and a public https address means webhooks."""
    settings = Settings.from_environment(PRODUCTION, tmp_path)
    assert settings.is_production
    assert settings.telegram_mode == "webhook"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"KUSKA_PUBLIC_URL": "http://kuska.example"}, "KUSKA_PUBLIC_URL"),
        ({"KUSKA_PUBLIC_URL": ""}, "KUSKA_PUBLIC_URL"),
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_WEBHOOK_SECRET": " "}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"KUSKA_SECRET_KEYS": "short"}, "KUSKA_SECRET_KEYS"),
        ({"KUSKA_SECRET_KEYS": "a" * 40}, "KUSKA_SECRET_KEYS"),
        ({"KUSKA_SECRET_KEYS": "demo-hV3qZ8mT5wL1xR7cK9nB2dF6gJ4sP0yA"}, "KUSKA_SECRET_KEYS"),
        ({"KUSKA_SECRET_KEYS": " , "}, "KUSKA_SECRET_KEYS"),
    ],
)
def test_production_refuses_what_is_unsafe(
    tmp_path: Path, change: dict[str, str], names: str
) -> None:
    """Plain http, an empty token, weak and demo keys stop the start, by name and in one line."""
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(PRODUCTION | change, tmp_path)
    assert str(refusal.value).startswith(f"{names}: ")
    assert "\n" not in str(refusal.value)


def test_production_refuses_the_demos_keys(tmp_path: Path) -> None:
    """A deployment that was a demo first does not go on with the demo's key file."""
    Settings.from_environment({}, tmp_path)
    production = {name: value for name, value in PRODUCTION.items() if "SECRET_KEYS" not in name}
    with pytest.raises(SettingsError, match="KUSKA_SECRET_KEYS"):
        Settings.from_environment(production, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUSKA_ENV", "staging"),
        ("KUSKA_DATABASE_URL", "mysql://x/y"),
        ("KUSKA_RETENTION_HOURS", "-1"),
        ("KUSKA_RETENTION_HOURS", "1000"),
        ("KUSKA_RETENTION_HOURS", "a day"),
        ("KUSKA_PUBLIC_URL", "kuska.example"),
        ("TELEGRAM_MODE", "carrier pigeon"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, name: str, value: str) -> None:
    """A value that cannot be meant is named."""
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value}, tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_is_one_setting(tmp_path: Path, scheme: str) -> None:
    """The usual addresses work; keys then live in a schema of the same database."""
    settings = Settings.from_environment({"KUSKA_DATABASE_URL": f"{scheme}://db/kuska"}, tmp_path)
    assert settings.database_url == "postgresql+psycopg://db/kuska"
    assert settings.keys_url == settings.database_url


def test_a_new_key_comes_first(tmp_path: Path) -> None:
    """Rotation puts a fresh key before the old; keys in the environment are the operator's."""
    settings = Settings.from_environment({}, tmp_path)
    (old,) = settings.derive("vault")
    settings.add_secret_key()
    newest, kept = settings.derive("vault")
    assert kept == old != newest
    with pytest.raises(SettingsError):
        Settings.from_environment(PRODUCTION, tmp_path).add_secret_key()
