"""What is asked of a change before it is published: whose it is, if it holds, who else looks."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from directory.errors import EditRefused, NotAllowed
from directory.fields import WAYS
from directory.models import Organization
from directory.proposals import Editor, Source
from directory.soundness import disagreements, is_offered

WITH_ADDRESS = frozenset({"ubigeo", "lat", "lon"})
CONFIRMED = frozenset({"confirmed_at"})


def at_once(
    before: Mapping[str, str],
    after: Mapping[str, str],
    changed: Mapping[str, str],
    source: Source,
) -> dict[str, str]:
    """The part of a change that needs no second pair of eyes."""
    if source == "link" and changed.keys() != CONFIRMED:
        return {}
    if is_offered(after) and not is_offered(before):
        return {}
    waits = WAYS & changed.keys()
    if waits:
        waits |= CONFIRMED  # she confirmed what will stand there, not what does
    if "address" in waits:
        waits |= WITH_ADDRESS
    some = {name: text for name, text in changed.items() if name not in waits}
    # A part that is not sound alone waits with the rest.
    return {} if disagreements({**before, **some}).items() - disagreements(before).items() else some


def require_own(
    connection: Connection, by: Editor, said: Mapping[str, str], source: Source
) -> None:
    """An editor changes what is her own organization's; who holds a link, what it names."""
    if by.is_reviewer or source == "link":
        return
    name = select(Organization.name).where(Organization.id == by.organization_id)
    own = connection.scalar(name) if by.organization_id is not None else None
    if own is None:
        raise NotAllowed("Tu cuenta no tiene organización. Pídela a quien administra Kuska.")
    if said.get("organization", "") != own:
        raise NotAllowed(f"Este servicio es de otra organización. Tú editas los de {own}.")


def faults(before: Mapping[str, str], after: Mapping[str, str], *, is_new: bool) -> dict[str, str]:
    """What is wrong with the fields together; nobody answers for what was so before she came."""
    older = {} if is_new else disagreements(before)
    return {name: said for name, said in disagreements(after).items() if older.get(name) != said}


def require_sound(before: Mapping[str, str], after: Mapping[str, str], *, is_new: bool) -> None:
    """Raise EditRefused with all that is wrong."""
    if wrong := faults(before, after, is_new=is_new):
        raise EditRefused(wrong)


def refuse_stale(seen: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Fields that say something else by now are somebody's newer word."""
    wrong = {
        name: f"Cambió mientras tanto: ahora dice «{now[name]}»."
        for name, text in seen.items()
        if now[name] != text
    }
    if wrong:
        raise EditRefused(wrong)
