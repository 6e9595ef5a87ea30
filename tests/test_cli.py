"""The commands of operators: what they do, what they answer, and how they refuse."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from doubles import bot_api, twilio_api
from doubles.serving import serve
from rich.console import Console
from storeroom import Room

from bot.cli import main
from bot.models import Contact, Message
from bot.progress import bar
from bot.settings import Settings

KUSKA = Path(sys.executable).with_name("kuska")
PUBLIC = "https://kuska.example"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def own_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands close what they write to others; the tests after this must not inherit it."""
    for name in os.environ:
        if name.startswith(("KUSKA_", "TELEGRAM_", "TWILIO_", "SMTP_")):
            monkeypatch.delenv(name)
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """The store of a deployment whose `var/` lies in `tmp_path`, with one contact."""
    settings = Settings.from_environment({}, tmp_path)
    kept = open_room(settings)
    kept.now = NOW
    kept.turn()
    yield kept
    kept.close()


def open_room(settings: Settings) -> Room:
    """The store as a service with these settings sees it."""
    return Room(settings.database_url, settings.keys_url, list(settings.derive("vault")))


def kuska(home: Path, *arguments: str, **env: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, ["--home", str(home), *arguments], env=env)


def console_script(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real `kuska` in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own script
        [KUSKA, "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def every_command(
    group: click.Group, before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, (*before, name))
        else:
            yield (*before, name), command


@pytest.mark.parametrize(
    "words", [words for words, _ in every_command(main)], ids=lambda words: " ".join(words)
)
def test_every_command_has_help_with_an_example(words: tuple[str, ...], tmp_path: Path) -> None:
    """`--help` exits 0, shows how the command is typed, and touches nothing."""
    result = kuska(tmp_path, *words, "--help")
    assert result.exit_code == 0
    example = " ".join(result.output.split())
    assert "Example:" in example
    assert f"kuska {' '.join(words)}" in example.partition("Example:")[2]
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("keys",), 2, "Usage"),
        (("backup",), 2, "PATH"),
        (("restore", "/no/such/file"), 2, "does not exist"),
        (("connect", "sms"), 2, "telegram"),
        (("unheard",), 2, "No such command"),
        (("backup", "/no/such/folder/copy.db"), 1, "no database"),
        (("connect", "telegram"), 1, "TELEGRAM_BOT_TOKEN"),
        (("connect", "whatsapp"), 1, "KUSKA_PUBLIC_URL"),
    ],
)
def test_a_refusal_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Misuse exits 2, a problem 1; never a traceback."""
    result = kuska(tmp_path, *arguments)
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output
    if code == 1:
        assert result.output.startswith("kuska: ")
        assert result.output.count("\n") == 1


def test_an_unsafe_setting_stops_every_command(tmp_path: Path) -> None:
    """Production without https is refused by name before anything is done."""
    for words in (("doctor",), ("purge",), ("keys", "rotate"), ("backup", "copy.db")):
        result = kuska(tmp_path, *words, KUSKA_ENV="production")
        assert result.exit_code == 1
        assert result.output.startswith("kuska: KUSKA_PUBLIC_URL: ")


def test_a_database_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    """Neither a traceback nor the password of the address."""
    url = "postgresql://kuska:hunter2@127.0.0.1:9/kuska"
    for words in (("purge",), ("keys", "rotate")):
        result = kuska(tmp_path, *words, KUSKA_DATABASE_URL=url, KUSKA_SECRET_KEYS="k" * 32)
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert "hunter2" not in result.output


def test_rotation_leaves_every_contact_readable(room: Room, tmp_path: Path) -> None:
    """All keys are under the new secret key; the vault opens them without the old one."""
    room.close()
    settings = Settings.from_environment({}, tmp_path)
    (old,) = settings.derive("vault")
    result = kuska(tmp_path, "keys", "rotate")
    assert result.exit_code == 0
    newest, kept = settings.derive("vault")
    assert kept == old
    without_the_old = Room(settings.database_url, settings.keys_url, [newest])
    assert without_the_old.vault.has(without_the_old.rows(Contact)[0].id)
    without_the_old.close()


def test_rotation_while_the_service_runs(room: Room, tmp_path: Path) -> None:
    """A service that holds the old key only goes on reading, because it learns the new one."""
    settings = Settings.from_environment({}, tmp_path)
    arrival = room.turn()
    assert arrival is not None
    assert kuska(tmp_path, "keys", "rotate").exit_code == 0
    room.masters[:] = settings.derive("vault")
    room.vault.forget()
    assert room.vault.has(arrival.contact_id)


def test_rotation_with_keys_of_the_environment(room: Room, tmp_path: Path) -> None:
    """The operator puts the new one first; without it the command says so and exits 1."""
    room.close()
    (old,) = Settings.from_environment({}, tmp_path).secret_keys
    refused = kuska(tmp_path, "keys", "rotate", KUSKA_SECRET_KEYS=old)
    assert refused.exit_code == 1
    assert "put a new key first" in refused.output
    fresh = "x7Kq2mZ9wR4tY8uP1sD6fG3hJ5kL0cVb"
    rotated = kuska(tmp_path, "keys", "rotate", KUSKA_SECRET_KEYS=f"{fresh},{old}")
    assert rotated.exit_code == 0
    settings = Settings.from_environment({"KUSKA_SECRET_KEYS": fresh}, tmp_path)
    again = open_room(settings)
    assert again.count(Contact) == 1
    again.close()


def test_purge_lets_go_what_is_due(room: Room, tmp_path: Path) -> None:
    """An idle contact is erased, one who wrote today stays; a running service is no obstacle."""
    room.now = NOW - timedelta(days=31)
    room.turn("whatsapp:+51900000002")
    result = kuska(tmp_path, "purge")
    assert result.exit_code == 0
    assert "1 idle contacts erased" in result.output
    assert room.count(Contact) == 1
    assert room.count(Message) == 1


def test_purge_clears_what_twilio_kept(tmp_path: Path) -> None:
    """Records from before yesterday go, one on its way and those of today stay."""
    clock = [NOW - timedelta(days=3)]
    api = twilio_api.TwilioApi(lambda: clock[0])
    old = api.arrive("whatsapp:+51987654321", "hola")
    stuck = api.arrive("whatsapp:+51987654322", "hola")
    stuck["status"] = "sending"
    clock[0] = NOW
    fresh = api.arrive("whatsapp:+51987654323", "hola")
    with serve(api.handle) as address:
        result = kuska(tmp_path, "purge", **twilio_env(address))
    assert result.exit_code == 0
    assert "1 records deleted at Twilio" in result.output
    assert old not in api.messages
    assert [each["sid"] for each in api.messages] == [stuck["sid"], fresh["sid"]]


def test_purge_with_a_wrong_token_is_one_line(tmp_path: Path) -> None:
    """What is due here goes all the same, and Twilio's refusal exits 1."""
    api = twilio_api.TwilioApi(lambda: NOW)
    with serve(api.handle) as address:
        env = twilio_env(address) | {"TWILIO_AUTH_TOKEN": "wrong"}
        result = kuska(tmp_path, "purge", **env)
    assert result.exit_code == 1
    assert "kuska: Twilio: account or token is wrong\n" in result.output


def twilio_env(address: str) -> dict[str, str]:
    """Settings that point Twilio's client at a double."""
    return {
        "TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT,
        "TWILIO_AUTH_TOKEN": twilio_api.TOKEN,
        "TWILIO_FROM": twilio_api.SENDER,
        "TWILIO_API_BASE_URL": address,
        "KUSKA_PUBLIC_URL": PUBLIC,
    }


def test_connect_whatsapp_sets_both_addresses(tmp_path: Path) -> None:
    """A sender of the account is pointed here and keeps everything else."""
    api = twilio_api.TwilioApi(lambda: NOW)
    sender: dict[str, Any] = {
        "sid": f"XE{1:032x}",
        "sender_id": twilio_api.SENDER,
        "status": "ONLINE",
    }
    api.senders = [{"sid": f"XE{2:032x}", "sender_id": "whatsapp:+15550000"}, sender]
    with serve(api.handle) as address:
        result = kuska(tmp_path, "connect", "whatsapp", **twilio_env(address))
    assert result.exit_code == 0
    assert sender["webhook"] == {
        "callback_url": f"{PUBLIC}/webhooks/twilio#rc=5&rp=all",
        "callback_method": "POST",
        "status_callback_url": f"{PUBLIC}/webhooks/twilio/status",
        "status_callback_method": "POST",
    }
    assert "webhook" not in api.senders[0]
    assert "set at Twilio" in result.output
    (knock,) = [each for each in api.contents.values() if each["language"] == "en"]
    assert knock["approval"]["category"] == "UTILITY"
    assert "knock      es  received" in result.output
    api.contents[knock["sid"]]["approval"]["status"] = "approved"
    with serve(api.handle) as address:
        again = kuska(tmp_path, "connect", "whatsapp", **twilio_env(address))
    assert "knock      en  approved" in again.output


def test_connect_whatsapp_on_the_sandbox_says_what_to_set(tmp_path: Path) -> None:
    """The two addresses are printed, to be set by hand."""
    api = twilio_api.TwilioApi(lambda: NOW)
    with serve(api.handle) as address:
        result = kuska(tmp_path, "connect", "whatsapp", **twilio_env(address))
    assert result.exit_code == 0
    assert f"{PUBLIC}/webhooks/twilio#rc=5&rp=all\n" in result.output
    assert f"{PUBLIC}/webhooks/twilio/status\n" in result.output
    assert "by hand" in result.output


def test_connect_telegram(tmp_path: Path) -> None:
    """A public address gets a webhook with the secret, polling has it removed."""
    api = bot_api.BotApi()
    with serve(api.handle) as address:
        env = {
            "TELEGRAM_BOT_TOKEN": bot_api.TOKEN,
            "TELEGRAM_API_BASE_URL": address,
            "TELEGRAM_WEBHOOK_SECRET": "a-secret_1",
            "KUSKA_PUBLIC_URL": PUBLIC,
        }
        assert kuska(tmp_path, "connect", "telegram", **env).exit_code == 0
        assert api.webhook["url"] == f"{PUBLIC}/webhooks/telegram"
        assert api.webhook["secret_token"] == "a-secret_1"
        for change, said in (
            ({"TELEGRAM_WEBHOOK_SECRET": "señal"}, "TELEGRAM_WEBHOOK_SECRET"),
            (
                {"TELEGRAM_MODE": "webhook", "KUSKA_PUBLIC_URL": "http://kuska.example"},
                "https://",
            ),
            ({"TELEGRAM_BOT_TOKEN": "1:wrong"}, "the token is wrong"),
        ):
            refused = kuska(tmp_path, "connect", "telegram", **env | change)
            assert refused.exit_code == 1
            assert said in refused.output
            assert "1:wrong" not in refused.output
        assert kuska(tmp_path, "connect", "telegram", **env, TELEGRAM_MODE="polling").exit_code == 0
        assert api.webhook == {}


def test_a_copy_and_back_by_the_real_script(room: Room, tmp_path: Path) -> None:
    """backup beside a running service, restore refused; without it restore and the doctor agree."""
    copy = tmp_path / "copy.db"
    made = console_script(tmp_path, "backup", str(copy))
    assert (made.returncode, made.stderr) == (0, "")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    room.turn("whatsapp:+51900000002")
    held = console_script(tmp_path, "restore", str(copy))
    assert held.returncode == 1
    assert held.stderr.endswith("stop it first\n")
    assert room.count(Contact) == 2
    room.close()
    back = console_script(tmp_path, "restore", str(copy))
    assert (back.returncode, back.stderr) == (0, "")
    again = open_room(Settings.from_environment({}, tmp_path))
    assert again.count(Contact) == 1
    again.close()


def test_whatever_a_command_writes_is_the_owners_only(tmp_path: Path) -> None:
    """Databases and keys that a fresh deployment makes are closed to others from the start."""
    assert console_script(tmp_path, "purge").returncode == 0
    made = list((tmp_path / "var").iterdir())
    assert {"kuska.db", "keys.db", "secret-keys"} <= {path.name for path in made}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_restore_asks_on_a_terminal(room: Room, tmp_path: Path) -> None:
    """Nothing is replaced when the answer is no."""
    import pty

    copy = tmp_path / "copy.db"
    assert kuska(tmp_path, "backup", str(copy)).exit_code == 0
    room.turn("whatsapp:+51900000002")
    room.close()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own script
        [KUSKA, "--home", str(tmp_path), "restore", str(copy)],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.write(ours, b"n\n")
    assert process.wait(timeout=60) == 1
    os.close(ours)
    os.close(theirs)
    again = open_room(Settings.from_environment({}, tmp_path))
    assert again.count(Contact) == 2
    again.close()


def test_a_bar_is_for_a_terminal_that_waits() -> None:
    """Shown there with what is done, never elsewhere, never for what is quick."""
    for is_terminal, after, is_shown in ((True, 0.0, True), (True, 60.0, False), (False, 0, False)):
        screen = io.StringIO()
        console = Console(file=screen, force_terminal=is_terminal, width=80)
        with bar("Copying", console, after) as step:
            until = time.monotonic() + 2
            while is_shown and "Copying" not in screen.getvalue() and time.monotonic() < until:
                step(1, 2)
        assert ("Copying" in screen.getvalue()) is is_shown
