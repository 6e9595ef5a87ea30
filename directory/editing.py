"""Changing the directory: the one way in for the form, the spreadsheet and the confirmation link.

    made = editing.propose(connection, "CEM-001", {"phones": "(01) 390-2800"},
                           by=editor, why="llamé", source="form", now=now)
    editing.publish(connection, made[0].id, by=reviewer, now=now)

Fields (`fields.FIELDS`) are the columns of the spreadsheet and the editors' `note`, as text. What
leads a person somewhere (`fields.WAYS`), a new service, and whatever makes a hidden one visible
waits for a second pair of eyes; the rest is published at once. What is published is a revision: it
is never overwritten, and reverting makes a new one.

All of it happens in the caller's transaction; EditRefused says why nothing was kept. The next
contact's search reads what was published, since the edition's version grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from directory import proposals, publishing
from directory.errors import EditRefused, NotAllowed
from directory.fields import FIELDS, LISTS, PLACE_NAMES, read
from directory.newcomers import blank, refuse_taken
from directory.places import all_places
from directory.proposals import Editor, Proposal, Source
from directory.publishing import current
from directory.schedules import LIMA
from directory.scrutiny import at_once, refuse_stale, require_own, require_sound
from directory.soundness import placed, refuse_line

LONGEST_WHY = 500
RESERVED = frozenset({"organization", "priority", "confidence"})
"""Said of a service by who reviews, never by its own organization."""


def propose(
    connection: Connection,
    service_id: str | None,
    fields: Mapping[str, str],
    *,
    by: Editor,
    why: str,
    source: Source,
    now: datetime,
    batch: int | None = None,
) -> tuple[Proposal, ...]:
    """Have fields changed; without a service id a new service is proposed.

    Fields that are not named stay; without any change nothing is proposed and nothing returned.
    What may be published at once is; the rest waits in a proposal of its own. From a confirmation
    link everything waits but the bare confirmation.
    """
    is_new = service_id is None
    if service_id is None:
        before, fields = blank(connection, fields, now.astimezone(LIMA).date())
        service_id = before["id"]
    else:
        refuse_line(service_id)
        before = current(connection, service_id, to_change=True)
    require_own(connection, by, before if not is_new else fields, source)
    told = changed(before, fields, now, is_new=is_new)
    if not told:
        return ()
    if not by.is_reviewer and (wrong := RESERVED & told.keys()) and not is_new:
        raise EditRefused(dict.fromkeys(wrong, "Este campo lo cambia solo quien revisa."))
    after = {**before, **told}
    require_sound(before, after, is_new=is_new)
    easy = {} if is_new else at_once(before, after, told, source)
    waiting = {name: text for name, text in told.items() if name not in easy}
    made = []
    for some in (easy, waiting):
        if some:
            number = proposals.record(
                connection,
                service_id,
                {name: (before[name], text) for name, text in some.items()},
                by=by,
                why=" ".join(why.split())[:LONGEST_WHY],
                source=source,
                now=now,
                batch=batch,
                is_new=is_new,
            )
            made.append(proposals.proposal(connection, number))
    if easy:
        publishing.put_in_force(connection, service_id, {**before, **easy}, now)
        made[0] = proposals.decide(connection, made[0].id, "published", by, "", now)
    return tuple(made)


def confirm(
    connection: Connection, service_id: str, *, by: Editor, why: str, source: Source, now: datetime
) -> tuple[Proposal, ...]:
    """Somebody answered and what we say holds: today is its day of confirmation."""
    today = {"confirmed_at": now.astimezone(LIMA).date().isoformat()}
    return propose(connection, service_id, today, by=by, why=why, source=source, now=now)


def publish(connection: Connection, number: int, *, by: Editor, now: datetime) -> Proposal:
    """The second pair of eyes: what waited is in force.

    Raises NotAllowed for who proposed it herself or reviews nothing, EditRefused when the service
    changed meanwhile.
    """
    waiting = proposals.proposal(connection, number)
    if waiting.state != "proposed":
        raise EditRefused(proposals.DECIDED)
    if not by.is_reviewer:
        raise NotAllowed("Publicar lo que otra persona propuso es tarea de quien revisa.")
    if by.id is not None and by.id == waiting.by.id:
        raise NotAllowed("Lo propusiste tú: tiene que revisarlo otra persona.")
    if waiting.is_new:
        before = dict.fromkeys(FIELDS, "") | {"id": waiting.service_id}
        refuse_taken(connection, waiting.service_id, besides=number)
    else:
        before = current(connection, waiting.service_id, to_change=True)
        refuse_stale(waiting.before, before)
    after = {**before, **waiting.after}
    require_sound(before, after, is_new=waiting.is_new)
    decided = proposals.decide(connection, number, "published", by, "", now)
    publishing.put_in_force(connection, waiting.service_id, after, now)
    return decided


def publish_batch(
    connection: Connection, batch: int, *, by: Editor, now: datetime
) -> tuple[int, tuple[str, ...]]:
    """All that waits of one import, seen by a second pair of eyes: how many are in force, and the
    services left waiting because they changed meanwhile."""
    done, kept = 0, []
    for one in proposals.of_batch(connection, batch):
        if one.state == "proposed":
            try:
                with connection.begin_nested():
                    publish(connection, one.id, by=by, now=now)
                done += 1
            except NotAllowed:
                raise
            except EditRefused:
                kept.append(one.service_id)
    return done, tuple(kept)


def refuse(connection: Connection, number: int, *, by: Editor, why: str, now: datetime) -> Proposal:
    """What waited does not come; its proposer may withdraw it herself."""
    waiting = proposals.proposal(connection, number)
    if not by.is_reviewer and (by.id is None or by.id != waiting.by.id):
        raise NotAllowed("Rechazar una propuesta es tarea de quien revisa.")
    return proposals.decide(connection, number, "refused", by, why.strip()[:LONGEST_WHY], now)


def changed(
    before: Mapping[str, str], fields: Mapping[str, str], now: datetime, *, is_new: bool
) -> dict[str, str]:
    """What is to change, as it is kept; raises EditRefused with a sentence for each wrong field."""
    today, told, wrong = now.astimezone(LIMA).date(), {}, {}
    for name, text in fields.items():
        if name not in FIELDS:
            wrong[name] = f"No conozco el campo «{name}»."
        elif " ".join(text.split()) == before[name] and not is_new:
            continue
        elif name == "id":
            wrong[name] = "El código de un servicio no se cambia."
        else:
            try:
                value = text.strip() if name in PLACE_NAMES else read(name, text, today)
            except EditRefused as refused:
                wrong |= refused.wrong
            else:
                if is_new or not _is_same(name, before[name], value):
                    told[name] = value
    if not wrong:
        try:
            told = placed(before, told)
            if is_new and not told["coverage"] and told.get("ubigeo"):
                told["coverage"] = all_places()[told["ubigeo"]].department
            return told
        except EditRefused as refused:
            wrong |= refused.wrong
    raise EditRefused(wrong)


def _is_same(name: str, before: str, after: str) -> bool:
    """Whether two writings say the same; the order of telephones is told, that of topics not."""
    if name in LISTS:
        return set(before.split("; ")) == set(after.split("; "))
    return before == after
