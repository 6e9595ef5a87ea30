"""Keys: what is sealed opens only where it belongs, and what is destroyed never again."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BrokenSeal, NoSuchContact, SettingsError
from bot.vault import STOCK, Vault

OLD, NEW = b"o" * 32, b"n" * 32
TEXT = b"me quitaron el pasaporte"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault on disk."""
    vault = Vault(f"sqlite:///{tmp_path / 'keys.db'}", lambda: [OLD])
    yield vault
    vault.close()


@pytest.fixture(scope="module")
def memory() -> Iterator[tuple[Vault, int]]:
    """A vault in memory and a contact in it, for properties."""
    vault = Vault("sqlite://", lambda: [OLD])
    yield vault, vault.take()
    vault.close()


@given(plain=st.binary(max_size=500), row=st.integers(0, 2**63 - 1))
def test_what_is_sealed_opens(memory: tuple[Vault, int], plain: bytes, row: int) -> None:
    """Any bytes come back, and no two seals of the same are alike."""
    vault, contact = memory
    sealed = vault.seal(contact, "message.body", row, plain)
    assert vault.open(contact, "message.body", row, sealed) == plain
    assert sealed != vault.seal(contact, "message.body", row, plain)


@pytest.mark.parametrize("moved", ["contact", "table", "row", "bytes"])
def test_a_moved_or_changed_seal_is_refused(vault: Vault, moved: str) -> None:
    """A sealed value opens under its own contact, table and row only, and only unchanged."""
    contact, other = vault.take(), vault.take()
    sealed = vault.seal(contact, "message.body", 7, TEXT)
    with pytest.raises(BrokenSeal):
        vault.open(
            other if moved == "contact" else contact,
            "handoff" if moved == "table" else "message.body",
            8 if moved == "row" else 7,
            sealed[:-1] + bytes([sealed[-1] ^ 1]) if moved == "bytes" else sealed,
        )


def test_a_destroyed_key_is_gone(vault: Vault, tmp_path: Path) -> None:
    """After destroying, nothing opens, nothing new is sealed, and a new process agrees."""
    contact, other = vault.take(), vault.take()
    sealed = vault.seal(contact, "message.body", 1, TEXT)
    vault.destroy([contact])
    for vault_again in (vault, Vault(f"sqlite:///{tmp_path / 'keys.db'}", lambda: [OLD])):
        with pytest.raises(NoSuchContact):
            vault_again.open(contact, "message.body", 1, sealed)
        with pytest.raises(NoSuchContact):
            vault_again.seal(contact, "message.body", 1, TEXT)
        assert not vault_again.has(contact)
        assert vault_again.has(other)
    vault_again.close()


def test_destroying_leaves_no_wrapped_byte(vault: Vault, tmp_path: Path) -> None:
    """The wrapped key itself is overwritten in the file, and no journal keeps a copy."""
    contact = vault.take()
    vault.seal(contact, "message.body", 1, TEXT)
    with vault._transaction() as connection:
        wrapped = connection.exec_driver_sql(
            "SELECT wrapped FROM contact_key WHERE contact_id = ?", (contact,)
        ).scalar_one()
    assert wrapped in (tmp_path / "keys.db").read_bytes()
    vault.destroy([contact])
    for file in tmp_path.iterdir():
        assert wrapped not in file.read_bytes()


def test_another_process_forgets_within_seconds(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key destroyed elsewhere is used from memory for five seconds at most."""
    clock = [1_000.0]
    monkeypatch.setattr("bot.vault.time.monotonic", lambda: clock[0])
    contact = vault.take()
    vault.seal(contact, "message.body", 1, TEXT)
    elsewhere = Vault(f"sqlite:///{tmp_path / 'keys.db'}", lambda: [OLD])
    elsewhere.destroy([contact])
    elsewhere.close()
    clock[0] += 5
    with pytest.raises(NoSuchContact):
        vault.seal(contact, "message.body", 1, TEXT)


def test_rotation_keeps_texts_and_indexes(tmp_path: Path) -> None:
    """After a rotation the new master alone opens everything, and blind indexes are the same."""
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    masters = [OLD]
    vault = Vault(url, lambda: masters)
    contact = vault.take()
    sealed = vault.seal(contact, "message.body", 1, TEXT)
    index = vault.index("address", "telegram:1")
    masters.insert(0, NEW)
    assert vault.rotate() == STOCK + 1
    assert vault.rotate() == 0
    vault.close()
    again = Vault(url, lambda: [NEW])
    assert again.open(contact, "message.body", 1, sealed) == TEXT
    assert again.index("address", "telegram:1") == index
    again.close()
    with pytest.raises(SettingsError):
        Vault(url, lambda: [OLD])


def test_a_running_process_learns_a_rotated_master(tmp_path: Path) -> None:
    """A rotation by another process does not stop the one that serves."""
    url, masters = f"sqlite:///{tmp_path / 'keys.db'}", [OLD]
    serving = Vault(url, lambda: masters)
    contact = serving.take()
    masters.insert(0, NEW)
    command = Vault(url, lambda: masters)
    command.rotate()
    sealed = serving.seal(contact, "message.body", 1, TEXT)
    assert command.open(contact, "message.body", 1, sealed) == TEXT
    serving.close()
    command.close()


def test_many_newcomers_cost_one_commit(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of a whole batch are made at once, and no two contacts share one."""
    created: list[int] = []
    create = vault.create

    def create_and_count(ids: Iterable[int]) -> None:
        created.append(1)
        create(ids)

    monkeypatch.setattr(vault, "create", create_and_count)
    vault.stock(STOCK)
    contacts = [vault.take() for _ in range(STOCK)]
    assert len(created) == 1
    assert len(set(contacts)) == STOCK
    assert vault.count() == STOCK


def test_indexes_differ_by_purpose_and_by_deployment(vault: Vault) -> None:
    """The same value gives the same index for one purpose only, and another house another."""
    other = Vault("sqlite://", lambda: [OLD])
    assert vault.index("address", "1") == vault.index("address", "1")
    assert vault.index("address", "1") != vault.index("received", "1")
    assert vault.index("address", "1") != other.index("address", "1")
    other.close()


def test_a_word_mark_belongs_to_its_contact(vault: Vault) -> None:
    """The same pocket word of two contacts looks different, and goes with the key."""
    first, second = vault.take(), vault.take()
    mark = vault.word_mark(first, "girasol")
    assert hmac.compare_digest(mark, vault.word_mark(first, "girasol"))
    assert mark != vault.word_mark(second, "girasol")
    vault.destroy([first])
    with pytest.raises(NoSuchContact):
        vault.word_mark(first, "girasol")
