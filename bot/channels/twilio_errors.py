"""What Twilio's error codes mean for a message that waits to be sent.

Sources: twilio.com/docs/api/errors (one page a code) and
twilio.com/docs/whatsapp/api/error-code-mapping.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Meaning(NamedTuple):
    """Whether trying again can help, and after how many seconds; None leaves it to the outbox."""

    is_retryable: bool
    retry_after: float | None = None


_NEVER = Meaning(False)
_SOON = Meaning(True)
_SLOWER = Meaning(True, 10)
_LATER = Meaning(True, 300)
"""An operator has something to repair: the account, the token, the sender, the bill."""

MEANINGS = MappingProxyType(
    {
        "20429": _SLOWER,  # too many requests
        "30001": _SLOWER,  # queue overflow
        "14107": _SLOWER,  # send rate of the sender exceeded
        "63018": _SLOWER,  # channel rate limit exceeded
        "63022": _SLOWER,  # message could not be taken up, transient
        "20003": _LATER,  # authentication failed
        "30002": _LATER,  # account suspended
        "63001": _LATER,  # channel could not authenticate the request
        "63007": _LATER,  # no channel with this From
        "63020": _LATER,  # the business account is not accepted or not paid
        "63038": _LATER,  # daily limit of the account
        "63005": _SOON,  # channel did not accept, generic
        "63010": _SOON,  # internal error of the channel
        "63012": _SOON,  # the provider had an internal error
        "63023": _SOON,  # channel generic error
        "63013": _NEVER,  # against the channel's policy
        "63014": _NEVER,  # she blocked the sender
        "63016": _NEVER,  # outside the 24 hours since her last message
        "63003": _NEVER,  # no such address on the channel
        "63015": _NEVER,  # sandbox: she has not joined
        "63024": _NEVER,  # recipient not valid
        "63032": _NEVER,  # not delivered to this recipient by the platform's choice
        "63033": _NEVER,  # recipient blocked
        "63049": _NEVER,  # not delivered to this recipient by the platform's choice
        "21211": _NEVER,  # To is not valid
        "21408": _NEVER,  # region not permitted
        "21610": _NEVER,  # she opted out
        "21614": _NEVER,  # To is not a telephone
        "21617": _NEVER,  # longer than 1,600
        "21619": _NEVER,  # no body
    }
)

CONTENT = frozenset(
    {
        "21655",  # ContentSid not valid
        "21656",  # ContentVariables not valid
        "63021",  # content not valid
        "63027",  # no such template
        "63028",  # parameters do not match the template
        "63029",  # parameter too long
        "63030",  # parameter not supported
    }
)
"""The template or its variables are at fault: the same message without buttons will go."""

GONE = frozenset({"21655", "63027"})
"""The template itself is no longer there and has to be made again."""


def meaning(code: str, http_status: int | None = None) -> Meaning:
    """Read an error code of a refusal or of a status callback.

    What is not in the table is tried again: the outbox counts its attempts, and a message sent
    twice harms less than one lost. Only a plain HTTP 4xx without a code of its own is final.
    """
    if code in MEANINGS:
        return MEANINGS[code]
    if http_status == 429:
        return _SLOWER
    if code == str(http_status) and http_status is not None and 400 <= http_status < 500:
        return _NEVER
    return _SOON
