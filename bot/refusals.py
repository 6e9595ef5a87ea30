"""Why a provider did not take a message, as the name of a sentence that staff can read."""

from __future__ import annotations

from collections.abc import Mapping

_WHY: Mapping[str, str] = {
    "window": "63016",
    "blocked": "63014 63033 21610 forbidden",
    "no_address": "63003 63015 63024 21211 21614 bad_request",
    "busy": "14107 20429 30001 63018 63022 63038 429 flood",
    "account": "20003 30002 63001 63007 63020 invalid_token",
    "unwilling": "63013 63032 63049 21408",
    "unreachable": "63005 63010 63012 63023 500 502 503 504 network answer unreachable",
    "broken": "21617 21619 unreadable",
}
"""Each reason with its codes: Twilio's (`twilio_errors`), HTTP's, and our channels' own names."""
_BY_CODE = {code: why for why, codes in _WHY.items() for code in codes.split()}
REASONS = (*_WHY, "other")


def why(code: str | None) -> str:
    """The reason behind a code; `other` for one that nobody foresaw."""
    return _BY_CODE.get(code or "", "other")
