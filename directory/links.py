"""Links by which a service's own staff confirm its entry: signed, for one service, for a time.

A token carries the service's code and two moments, nothing of a person, and a MAC under keys that
the composition root gives. Nothing of it is stored: a link is used up once the service has a
proposal by link that is younger than it, so that of two links sent only one can be used.
"""

from __future__ import annotations

import binascii
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from directory.errors import LinkRefused
from directory.lines import line_services
from directory.listing import Listing, is_shown
from directory.models import Proposal

PATH = "/directory/confirm"
LIVES = timedelta(days=30)
LONGEST = 200
"""Letters of a token; a code has at most 80."""
_MOMENTS = struct.Struct(">QQ")
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: which service, from when until when."""

    service_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes tokens under the first key, and reads those made under any; `keys` are secret."""

    keys: Callable[[], Sequence[bytes]]

    def token(self, service_id: str, now: datetime, lives: timedelta = LIVES) -> str:
        """A token good from now on."""
        moments = (int(now.timestamp()), int((now + lives).timestamp()))
        said = _MOMENTS.pack(*moments) + service_id.encode()
        return urlsafe_b64encode(said + _mac(self.keys()[0], said)).rstrip(b"=").decode()

    def read(self, token: str, now: datetime) -> Link:
        """What a token says; raises LinkRefused when it is none of ours or too old."""
        said, mac = _parts(token)
        if not any(hmac.compare_digest(_mac(key, said), mac) for key in self.keys()):
            raise LinkRefused("changed")
        issued, expires = _MOMENTS.unpack_from(said)
        link = Link(said[_MOMENTS.size :].decode(), _moment(issued), _moment(expires))
        if now >= link.expires_at:
            raise LinkRefused("expired")
        return link


def may_have_link(one: Listing) -> bool:
    """Whether its staff can be asked: shown, and no national line (those change elsewhere)."""
    return is_shown(one) and one.id not in line_services()


def is_used(connection: Connection, link: Link) -> bool:
    """Whether somebody answered by a link since this one was made."""
    answered = select(Proposal.proposed_at).where(
        Proposal.service_id == link.service_id, Proposal.source == "link"
    )
    latest = connection.scalar(answered.order_by(Proposal.id.desc()).limit(1))
    if latest is None:
        return False
    aware = latest if latest.tzinfo else latest.replace(tzinfo=UTC)
    return aware >= link.issued_at


def _parts(token: str) -> tuple[bytes, bytes]:
    try:
        whole = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise LinkRefused("changed") from None
    is_canonical = urlsafe_b64encode(whole).rstrip(b"=").decode() == token
    if not is_canonical or len(token) > LONGEST or len(whole) <= _MOMENTS.size + _MAC_BYTES:
        raise LinkRefused("changed")
    return whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"confirmation link\0" + said, "sha256")[:_MAC_BYTES]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
