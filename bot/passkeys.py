"""Passkeys (WebAuthn) as a second factor beside the password: made, proved, taken off.

A challenge is drawn here, kept for a few minutes and good for one answer. The device must verify
who holds it, and keys are bound to the name of this site: a copied page gets nothing from them.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import Connection, delete, func, insert, select, update
from webauthn.helpers import structs
from webauthn.registration.verify_registration_response import VerifiedRegistration

from bot.columns import new_id
from bot.errors import SigninRefused
from bot.models import Passkey, Trial
from bot.staff import Member, token_hash

Purpose = Literal["register", "sign_in", "code"]
TRIAL_LIVES = timedelta(minutes=3)
CHALLENGE_BYTES = 32
LONGEST_TITLE = 60
MOST_KEYS = 10


@dataclass(frozen=True, slots=True)
class Site:
    """The name that keys are bound to, and where its pages come from."""

    name: str
    origin: str


class Kept(NamedTuple):
    """A passkey as its owner sees it."""

    id: int
    title: str
    created_at: datetime
    used_at: datetime | None


class Asked(NamedTuple):
    """What waited for an answer."""

    staff_id: int | None
    secret: bytes
    title: str
    name_hash: bytes | None


def site_of(public_url: str, host: str) -> Site | None:
    """Where passkeys are good; None at an address without a name, which browsers refuse.

    On this machine it is `localhost`, at whatever port `host` (of the request) says.
    """
    parts = urlsplit(public_url)
    name = parts.hostname or ""
    try:
        is_here = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return Site(name, f"{parts.scheme}://{parts.netloc}")
    return Site("localhost", f"{parts.scheme}://{host}") if is_here else None


def list_of(connection: Connection, staff_id: int) -> Sequence[Kept]:
    """Her passkeys, the oldest first."""
    rows = connection.execute(
        select(Passkey.id, Passkey.title, Passkey.created_at, Passkey.used_at)
        .where(Passkey.staff_id == staff_id)
        .order_by(Passkey.id)
    )
    return [Kept(*row) for row in rows]


def ask(
    connection: Connection,
    purpose: Purpose,
    staff_id: int | None,
    secret: bytes,
    now: datetime,
    *,
    title: str = "",
    name_hash: bytes | None = None,
) -> str:
    """Keep what waits for an answer; the ticket that it comes with."""
    ticket = secrets.token_urlsafe(CHALLENGE_BYTES)
    connection.execute(delete(Trial).where(Trial.expires_at <= now))
    connection.execute(
        insert(Trial).values(
            token_hash=token_hash(ticket),
            purpose=purpose,
            staff_id=staff_id,
            secret=secret,
            title=title,
            name_hash=name_hash,
            expires_at=now + TRIAL_LIVES,
        )
    )
    return ticket


def take(connection: Connection, purpose: Purpose, ticket: str, now: datetime) -> Asked:
    """What waited under this ticket, which is used up by it. Raise `SigninRefused` when it was
    already, or is too old."""
    row = connection.execute(
        delete(Trial)
        .where(Trial.token_hash == token_hash(ticket), Trial.purpose == purpose)
        .where(Trial.expires_at > now)
        .returning(Trial.staff_id, Trial.secret, Trial.title, Trial.name_hash)
    ).one_or_none()
    if row is None:
        raise SigninRefused("passkey_over")
    return Asked(*row)


def offer(
    connection: Connection, site: Site, member: Member, title: str, now: datetime
) -> tuple[str, str]:
    """Ask her device for a new key: ticket, and options for the browser."""
    title = " ".join(title.split())[:LONGEST_TITLE]
    known = connection.scalars(
        select(Passkey.credential_id).where(Passkey.staff_id == member.id)
    ).all()
    if len(known) >= MOST_KEYS:
        raise SigninRefused("passkey_too_many")
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name="Kuska",
        user_id=member.id.to_bytes(8),
        user_name=member.name,
        challenge=challenge,
        timeout=int(TRIAL_LIVES.total_seconds() * 1000),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    ticket = ask(connection, "register", member.id, challenge, now, title=title)
    return ticket, webauthn.options_to_json(options)


def invite(
    connection: Connection, site: Site, staff_id: int | None, name_hash: bytes, now: datetime
) -> tuple[str, str]:
    """Ask at the sign-in for a key: ticket and options, which name none of hers and so tell nobody
    whether the password was right."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        challenge=challenge,
        timeout=int(TRIAL_LIVES.total_seconds() * 1000),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    ticket = ask(connection, "sign_in", staff_id, challenge, now, name_hash=name_hash)
    return ticket, webauthn.options_to_json(options)


def verify_new(site: Site, asked: Asked, answer: str) -> VerifiedRegistration:
    """The key that a device made. Raise `SigninRefused` for anything else."""
    try:
        return webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=asked.secret,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # the parsers below raise whatever broken input meets
        raise SigninRefused("passkey_refused") from error


def keep(
    connection: Connection, staff_id: int, made: VerifiedRegistration, title: str, now: datetime
) -> None:
    """A key more of hers; one that is known already is refused."""
    same = select(func.count()).where(Passkey.credential_id == made.credential_id)
    if connection.scalar(same):
        raise SigninRefused("passkey_refused")
    connection.execute(
        insert(Passkey).values(
            id=new_id(),
            staff_id=staff_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            uses=made.sign_count,
            title=title,
            created_at=now,
        )
    )


def prove(
    connection: Connection, site: Site, asked: Asked, answer: str, now: datetime
) -> int | None:
    """Whose key answered the challenge; None when it is not a key of who was asked, or not her."""
    if asked.staff_id is None:
        return None
    key = connection.execute(
        select(Passkey.id, Passkey.public_key, Passkey.uses)
        .where(Passkey.staff_id == asked.staff_id)
        .where(Passkey.credential_id == _credential_id(answer))
        .with_for_update()
    ).one_or_none()
    if key is None:
        return None
    try:
        proved = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=asked.secret,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.uses,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - parsers below raise whatever broken input meets
        return None
    connection.execute(
        update(Passkey).where(Passkey.id == key.id).values(uses=proved.new_sign_count, used_at=now)
    )
    return asked.staff_id


def _credential_id(answer: str) -> bytes:
    try:
        said: Any = json.loads(answer)
        return webauthn.base64url_to_bytes(str(said["rawId"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return b""
