"""Settings of a deployment, read once at start from the environment (names: the interface, §4).

Everything has a safe default but the providers' tokens. In `demo` the secret keys are made under
`var/` and begin with `demo-`, so that production can tell and refuse them.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from bot.errors import SettingsError

Environment = Literal["demo", "production"]
TelegramMode = Literal["webhook", "polling"]

DEMO_MARK = "demo-"
SHORTEST_SECRET = 32
LONGEST_RETENTION_HOURS = 168
LOCAL_URL = "http://127.0.0.1:8000"
TELEGRAM_API = "https://api.telegram.org"
TWILIO_API = "https://api.twilio.com"
TOKENS = (
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_FROM",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment chose. Tokens are empty when a channel is not connected (demo only)."""

    room: Path
    environment: Environment
    database_url: str = field(repr=False)  # may carry a password
    secret_keys: tuple[str, ...] = field(repr=False)
    keys_file: Path | None
    public_url: str
    retention: timedelta
    telegram_token: str = field(repr=False)
    telegram_secret: str = field(repr=False)
    telegram_api_url: str
    telegram_mode: TelegramMode
    twilio_account: str = field(repr=False)
    twilio_token: str = field(repr=False)
    twilio_from: str = field(repr=False)
    twilio_api_url: str
    smtp_url: str = field(repr=False)

    @classmethod
    def from_environment(cls, env: Mapping[str, str], root: Path) -> Settings:
        """Read `env`; `root` is the project's folder, in which `var/` is made when absent.

        Raise `SettingsError` with one sentence that names the setting and says what to set.
        """
        room = root / "var"
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = _choice(env, "KUSKA_ENV", ("demo", "production"), "demo")
        public_url = _address(env, "KUSKA_PUBLIC_URL", LOCAL_URL)
        if environment == "production":
            _refuse_unsafe(env, public_url)
        keys_file = None if env.get("KUSKA_SECRET_KEYS", "").strip() else room / "secret-keys"
        return cls(
            room=room,
            environment=cast(Environment, environment),
            database_url=_database_url(env, room),
            secret_keys=_secret_keys(env, keys_file, environment),
            keys_file=keys_file,
            public_url=public_url,
            retention=_retention(env),
            telegram_token=env.get("TELEGRAM_BOT_TOKEN", "").strip(),
            telegram_secret=env.get("TELEGRAM_WEBHOOK_SECRET", "").strip(),
            telegram_api_url=_address(env, "TELEGRAM_API_BASE_URL", TELEGRAM_API),
            telegram_mode=_telegram_mode(env, public_url),
            twilio_account=env.get("TWILIO_ACCOUNT_SID", "").strip(),
            twilio_token=env.get("TWILIO_AUTH_TOKEN", "").strip(),
            twilio_from=env.get("TWILIO_FROM", "").strip(),
            twilio_api_url=_address(env, "TWILIO_API_BASE_URL", TWILIO_API),
            smtp_url=env.get("SMTP_URL", "").strip(),
        )

    @property
    def is_production(self) -> bool:
        """Whether real people write here."""
        return self.environment == "production"

    @property
    def keys_url(self) -> str:
        """Where the vault keeps its keys: `keys.db` beside the SQLite file, else a schema."""
        if self.database_url.startswith("sqlite:///"):
            path = Path(self.database_url.removeprefix("sqlite:///").partition("?")[0])
            return f"sqlite:///{path.with_name('keys.db')}"
        return self.database_url

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """32 bytes for one purpose from each secret key, newest first.

        Keys kept in a file are read again: `kuska keys rotate` may have added one meanwhile.
        """
        keys = _split(self.keys_file.read_text()) if self.keys_file else self.secret_keys
        return tuple(hmac.digest(key.encode(), purpose.encode(), "sha256") for key in keys)

    def add_secret_key(self) -> None:
        """Put a fresh key before the others in the file, for `kuska keys rotate`.

        Raise `SettingsError` when the keys come from the environment: there the operator adds one.
        """
        if self.keys_file is None:
            raise SettingsError(
                "KUSKA_SECRET_KEYS: put a new key first in the list and start again"
            )
        keys = (_fresh_key(self.environment), *_split(self.keys_file.read_text()))
        fresh = self.keys_file.with_suffix(".new")
        _write_secret(fresh, ",".join(keys))
        fresh.replace(self.keys_file)


def _choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = env.get(name, "").strip() or default
    if value not in allowed:
        raise SettingsError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
    return value


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    value = (env.get(name, "").strip() or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name}: an address that begins with https:// is needed")
    return value


def _refuse_unsafe(env: Mapping[str, str], public_url: str) -> None:
    if not public_url.startswith("https://"):
        raise SettingsError(
            "KUSKA_PUBLIC_URL: production needs an address that begins with https://"
        )
    polls = env.get("TELEGRAM_MODE", "").strip() == "polling"
    for name in TOKENS:
        if not env.get(name, "").strip() and not (polls and name == "TELEGRAM_WEBHOOK_SECRET"):
            raise SettingsError(f"{name}: production does not start with an empty token; set it")


def _database_url(env: Mapping[str, str], room: Path) -> str:
    """SQLite under `var/` by default; `postgres://` is read as what SQLAlchemy calls it."""
    value = env.get("KUSKA_DATABASE_URL", "").strip() or f"sqlite:///{room / 'kuska.db'}"
    for plain in ("postgres://", "postgresql://"):
        if value.startswith(plain):
            return "postgresql+psycopg://" + value.removeprefix(plain)
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("KUSKA_DATABASE_URL: begin it with sqlite:/// or postgresql://")
    return value


def _retention(env: Mapping[str, str]) -> timedelta:
    value = env.get("KUSKA_RETENTION_HOURS", "").strip() or "24"
    if not value.isascii() or not value.isdigit() or int(value) > LONGEST_RETENTION_HOURS:
        raise SettingsError(
            f"KUSKA_RETENTION_HOURS: whole hours from 0 to {LONGEST_RETENTION_HOURS} are needed"
        )
    return timedelta(hours=int(value))


def _telegram_mode(env: Mapping[str, str], public_url: str) -> TelegramMode:
    """Telegram calls only public https addresses; without one the updates are fetched."""
    default = "webhook" if public_url.startswith("https://") else "polling"
    return cast(TelegramMode, _choice(env, "TELEGRAM_MODE", ("webhook", "polling"), default))


def _secret_keys(env: Mapping[str, str], path: Path | None, environment: str) -> tuple[str, ...]:
    if path is not None and not path.exists():
        _write_secret(path, _fresh_key(environment))
    keys = _split(path.read_text() if path else env["KUSKA_SECRET_KEYS"])
    if not keys:
        raise SettingsError("KUSKA_SECRET_KEYS: at least one key is needed, newest first")
    if environment == "production":
        if any(key.startswith(DEMO_MARK) for key in keys):
            raise SettingsError("KUSKA_SECRET_KEYS: production does not start on a demo's keys")
        if any(len(key) < SHORTEST_SECRET or len(set(key)) < 8 for key in keys):
            raise SettingsError(
                f"KUSKA_SECRET_KEYS: each key needs {SHORTEST_SECRET} random characters or more"
            )
    return keys


def _split(listed: str) -> tuple[str, ...]:
    return tuple(key for part in listed.split(",") if (key := part.strip()))


def _fresh_key(environment: str) -> str:
    return (DEMO_MARK if environment == "demo" else "") + secrets.token_urlsafe(32)


def _write_secret(path: Path, text: str) -> None:
    """Readable by the owner only from the first moment on; of two starts at once one wins."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
