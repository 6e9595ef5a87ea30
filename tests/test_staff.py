"""Staff: one-time links, passwords with a second factor, pace, sessions, rights, the audit."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from service import MONDAY_NIGHT as NOW
from sqlalchemy import Connection, delete, select, update
from storeroom import Room, in_memory

from bot import onetime, signin
from bot.audit import Ledger
from bot.cli import main
from bot.errors import CommandRefused, SigninRefused
from bot.masters import Masters
from bot.models import AuditEntry, Staff, StaffLink, StaffSession
from bot.settings import Settings
from bot.signin import Porter
from bot.staff import RIGHTS, ROLES, Member, Roster, require, token_hash
from bot.staffing import first_link

KEY = b"k" * 32
PASSWORD = "el río baja despacio"


@dataclass
class Gate:
    """Roster and porter over one store."""

    room: Room
    roster: Roster
    porter: Porter
    ledger: Ledger

    def code(self, token: str, at: float = 0) -> str:
        """The code of a link's second factor, some seconds after `NOW`."""
        secret = self.do(lambda c: self.porter.offer(c, token, NOW)).secret
        return onetime.code_at(secret, int(NOW.timestamp() + at) // onetime.PERIOD)

    def do(self, work: Callable[[Connection], Any]) -> Any:
        """One transaction."""
        return self.room.store.worker.submit(work).result()


def gate_of(room: Room) -> Gate:
    """A gate over a store."""
    masters, ledger = Masters(lambda: (KEY,)), Ledger(lambda: (KEY,))
    return Gate(room, Roster(masters, ledger), Porter(masters, ledger), ledger)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """In memory: hashing passwords is slow enough."""
    room = in_memory()
    yield gate_of(room)
    room.close()


def enrolled(gate: Gate, name: str = "Rosa", role: str = "counselor") -> tuple[str, bytes]:
    """Somebody who came in: her session's token and her second factor."""
    link = gate.do(lambda c: gate.roster.add(c, name, role, NOW))
    secret = gate.do(lambda c: gate.porter.offer(c, link, NOW)).secret
    hashed = gate.porter.hashed(PASSWORD)
    code = gate.code(link)
    return gate.do(lambda c: gate.porter.enrol(c, link, hashed, code, NOW)), secret


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """The test vectors of RFC 6238 (appendix B, SHA-1), last six digits."""
    assert onetime.code_at(b"12345678901234567890", seconds // 30) == code


@given(st.text(max_size=12))
def test_what_is_typed_as_a_code_never_breaks(typed: str) -> None:
    """Any text as a code is refused or taken, never an error."""
    step = onetime.step_of(b"1" * 20, typed, NOW, 0)
    assert step is None or onetime.code_at(b"1" * 20, step) == "".join(typed.split())


def test_a_link_lets_in_once(gate: Gate) -> None:
    """It is kept as a hash only, and used up with the first enrolment."""
    link = gate.do(lambda c: gate.roster.add(c, "Rosa", "counselor", NOW))
    kept = gate.do(lambda c: c.execute(select(StaffLink)).all())
    assert link.encode() not in b"".join(bytes(row.token_hash) for row in kept)
    hashed, code = gate.porter.hashed(PASSWORD), gate.code(link)
    assert gate.do(lambda c: gate.porter.enrol(c, link, hashed, code, NOW))
    with pytest.raises(SigninRefused, match="link_over"):
        gate.do(lambda c: gate.porter.enrol(c, link, hashed, code, NOW))


def test_a_link_is_over_after_half_an_hour(gate: Gate) -> None:
    """Thirty minutes, not longer."""
    link = gate.do(lambda c: gate.roster.add(c, "Rosa", "counselor", NOW))
    assert gate.do(lambda c: gate.porter.offer(c, link, NOW + timedelta(minutes=29)))
    with pytest.raises(SigninRefused, match="link_over"):
        gate.do(lambda c: gate.porter.offer(c, link, NOW + timedelta(minutes=30)))


def test_a_wrong_code_enrols_nobody(gate: Gate) -> None:
    """The second factor is proved before it counts, and the link stays good."""
    link = gate.do(lambda c: gate.roster.add(c, "Rosa", "counselor", NOW))
    hashed, right = gate.porter.hashed(PASSWORD), gate.code(link)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    with pytest.raises(SigninRefused, match="code_wrong"):
        gate.do(lambda c: gate.porter.enrol(c, link, hashed, wrong, NOW))
    assert gate.do(lambda c: gate.porter.enrol(c, link, hashed, right, NOW))


@pytest.mark.parametrize("password", ["", "once letras", "x" * 201])
def test_a_password_has_twelve_characters_or_more(gate: Gate, password: str) -> None:
    """Shorter, or too long to be hashed in good time: refused."""
    with pytest.raises(SigninRefused, match="password_short"):
        gate.porter.hashed(password)


def test_passwords_are_argon2id_and_secrets_sealed(gate: Gate) -> None:
    """Neither stands in the store as it is."""
    _, secret = enrolled(gate)
    row = gate.do(lambda c: c.execute(select(Staff)).one())
    assert row.password_hash.startswith("$argon2id$")
    assert secret not in row.secret_sealed


def sign_in(gate: Gate, name: str, password: str, code: str, at: float = 60) -> str | None:
    """As the sign-in page does it, some seconds after `NOW`."""
    now = NOW + timedelta(seconds=at)
    kept = gate.do(lambda c: gate.porter.kept_hash(c, name, now))
    is_right = gate.porter.matches(kept, password)
    token: str | None = gate.do(
        lambda c: gate.porter.sign_in(c, name, code, now, is_right=is_right)
    )
    return token


def test_all_three_are_needed(gate: Gate) -> None:
    """Name, password and code; the name's capitals do not matter."""
    _, secret = enrolled(gate, "Ángela")
    code = onetime.code_at(secret, (int(NOW.timestamp()) + 60) // 30)
    assert sign_in(gate, "Ángela", "otra contraseña larga", code) is None
    assert sign_in(gate, "Ángela", PASSWORD, "000000" if code != "000000" else "1") is None
    assert sign_in(gate, "nadie", PASSWORD, code) is None
    assert sign_in(gate, " ángela ", PASSWORD, code) is not None


def test_the_way_in_is_the_same_on_every_database(room: Room) -> None:
    """Enrolment, sign-in, wrong tries, the way out and their chain."""
    gate = gate_of(room)
    token, secret = enrolled(gate)
    code = onetime.code_at(secret, (int(NOW.timestamp()) + 60) // 30)
    assert sign_in(gate, "Rosa", "otra contraseña larga", code) is None
    assert sign_in(gate, "Rosa", PASSWORD, code) is not None
    rosa = gate.do(lambda c: signin.member_of(c, token, NOW))
    gate.do(lambda c: gate.porter.sign_out(c, token, rosa.id, NOW))
    assert gate.do(lambda c: signin.member_of(c, token, NOW)) is None
    assert gate.do(gate.ledger.broken_at) is None


def test_a_code_is_good_once(gate: Gate) -> None:
    """Whoever read it over her shoulder comes too late."""
    _, secret = enrolled(gate)
    code = onetime.code_at(secret, (int(NOW.timestamp()) + 60) // 30)
    assert sign_in(gate, "Rosa", PASSWORD, code) is not None
    assert sign_in(gate, "Rosa", PASSWORD, code) is None


@pytest.mark.parametrize("name", ["Rosa", "nadie"])
def test_guessing_is_slowed_down(gate: Gate, name: str) -> None:
    """After five failures a name waits, whether anybody has it or not; longer each time."""
    enrolled(gate)
    for _ in range(5):
        assert sign_in(gate, name, "adivinando otra vez", "123456") is None
    with pytest.raises(SigninRefused, match="too_often"):
        sign_in(gate, name, PASSWORD, "123456", at=80)
    assert sign_in(gate, name, "adivinando otra vez", "123456", at=95) is None
    with pytest.raises(SigninRefused, match="too_often"):
        sign_in(gate, name, PASSWORD, "123456", at=150)


def test_a_session_ends_by_idleness_and_at_eight_hours(gate: Gate) -> None:
    """Thirty minutes without her doing something; eight hours whatever she does."""
    token, _ = enrolled(gate)

    def is_in(after: timedelta) -> bool:
        return gate.do(lambda c: signin.member_of(c, token, NOW + after)) is not None

    assert is_in(timedelta(minutes=29))
    assert not is_in(timedelta(minutes=30))
    for minutes in range(20, 480, 20):
        at = NOW + timedelta(minutes=minutes)
        gate.do(partial(signin.touch, token=token, now=at, is_active=True))
    assert is_in(timedelta(minutes=479))
    assert not is_in(timedelta(hours=8))


def test_an_open_page_alone_does_not_keep_a_session(gate: Gate) -> None:
    """The stream tells that her page is there, not that she is."""
    token, _ = enrolled(gate)
    at = NOW + timedelta(minutes=29)
    gate.do(lambda c: signin.touch(c, token, at, is_active=False))
    assert gate.do(lambda c: signin.member_of(c, token, NOW + timedelta(minutes=30))) is None


def test_sessions_are_kept_as_hashes(gate: Gate) -> None:
    """A copy of the store lets nobody in."""
    token, _ = enrolled(gate)
    assert gate.do(lambda c: c.scalars(select(StaffSession.token_hash)).one()) == token_hash(token)


@pytest.mark.parametrize("deed", ["reset", "off"])
def test_who_goes_is_out_at_once(gate: Gate, deed: str) -> None:
    """Sessions end, and neither password nor code lets in again."""
    token, secret = enrolled(gate)
    gate.do(lambda c: getattr(gate.roster, deed)(c, require(c, "rosa"), NOW))
    assert gate.do(lambda c: signin.member_of(c, token, NOW)) is None
    code = onetime.code_at(secret, (int(NOW.timestamp()) + 60) // 30)
    assert sign_in(gate, "Rosa", PASSWORD, code) is None


def test_a_name_is_one_person(gate: Gate) -> None:
    """A second one of the same name is refused; so is a name that nobody can read."""
    gate.do(lambda c: gate.roster.add(c, "Rosa", "counselor", NOW))
    for name in ("rosa ", "", "a\x00b", "x" * 81):
        with pytest.raises(CommandRefused):
            gate.do(partial(gate.roster.add, name=name, role="editor", now=NOW))


def test_rights_are_denied_unless_they_stand_written() -> None:
    """What each role may, in full: a new role may nothing."""
    table = {role: {right for right in RIGHTS if role in RIGHTS[right]} for role in ROLES}
    assert table == {
        "counselor": {"account", "counsel"},
        "editor": {"account", "edit"},
        "reviewer": {"account", "edit", "review"},
        "supervisor": {"account", "counsel", "supervise", "edit", "review"},
        "admin": {"account", "counsel", "supervise", "manage", "edit", "review"},
    }
    assert not any(Member(1, "x", "guest", "es", "off").may(right) for right in RIGHTS)


def test_the_audit_chain_holds(gate: Gate) -> None:
    """Entries prove one another, also under a newer key."""
    enrolled(gate)
    assert gate.do(gate.ledger.broken_at) is None
    newer = Ledger(lambda: (b"n" * 32, KEY))
    gate.do(lambda c: newer.record(c, 1, "claim", NOW, subject="7"))
    assert gate.do(newer.broken_at) is None


def test_a_missing_or_changed_entry_shows(gate: Gate) -> None:
    """Removing one, or changing who did it, breaks the chain at the next or at that one."""
    for number in range(4):
        gate.do(partial(gate.ledger.record, staff_id=number, action="claim", now=NOW))
    ids = gate.do(lambda c: list(c.scalars(select(AuditEntry.id).order_by(AuditEntry.id))))
    gate.do(
        lambda c: c.execute(update(AuditEntry).where(AuditEntry.id == ids[2]).values(staff_id=9))
    )
    assert gate.do(gate.ledger.broken_at) == ids[2]
    gate.do(lambda c: c.execute(delete(AuditEntry).where(AuditEntry.id == ids[1])))
    assert gate.do(gate.ledger.broken_at) == ids[2]


def test_the_end_of_the_chain_has_a_tip(gate: Gate) -> None:
    """What is cut off at the end shows beside a copy of the last digest."""
    gate.do(lambda c: gate.ledger.record(c, 1, "claim", NOW))
    tip = gate.do(gate.ledger.tip)
    gate.do(lambda c: c.execute(delete(AuditEntry)))
    assert gate.do(gate.ledger.tip) != tip


def test_the_command_gives_a_link_once(tmp_path: Path) -> None:
    """`kuska staff add` prints it; the name cannot be added twice; `off` and `reset` answer."""
    run = CliRunner().invoke
    home = ["--home", str(tmp_path), "staff"]
    added = run(main, [*home, "add", "Rosa", "--role", "counselor"])
    assert added.exit_code == 0
    assert "/console/enroll/" in added.output
    again = run(main, [*home, "add", "Rosa", "--role", "counselor"])
    assert (again.exit_code, again.output.count("\n")) == (1, 1)
    assert run(main, [*home, "off", "Rosa"]).exit_code == 0
    assert "/console/enroll/" in run(main, [*home, "reset", "Rosa"]).output
    assert run(main, [*home, "off", "nadie"]).exit_code == 1
    assert run(main, [*home, "add", "Ana", "--role", "boss"]).exit_code == 2


def test_the_first_link_of_a_production_is_a_closed_file(tmp_path: Path) -> None:
    """A demo shows it; production writes it for its owner's eyes, and never into a log."""
    demo = Settings.from_environment({}, tmp_path)
    shown = first_link(demo, "http://localhost:8000", NOW)
    assert shown is not None
    assert shown.startswith("http://localhost:8000/console/enroll/")
    real = Settings(
        **{name: getattr(demo, name) for name in demo.__slots__} | {"environment": "production"}
    )
    assert first_link(real, "https://kuska.example.org", NOW) is None
    path = tmp_path / "var" / "first-link"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("https://kuska.example.org/console/enroll/")
