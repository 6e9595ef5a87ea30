"""The way of the `twilio` client to the network, on httpx.

`twilio.http.async_http_client` (9.13) posts the JSON of the content API as a form, has no
time-out but aiohttp's five minutes, and needs a running loop to be built.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

TIMEOUT_SECONDS = 10.0


class TwilioHttp(AsyncHttpClient):  # type: ignore[misc]  # twilio publishes no types
    """One connection pool; `httpx.HTTPError` reaches the caller when no answer came."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True, timeout=TIMEOUT_SECONDS)
        self._client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS)

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 — the signature is the library's
        allow_redirects: bool = False,
    ) -> Response:
        """Send what the `twilio` client asks for; nothing of it is kept or logged."""
        is_json = (headers or {}).get("Content-Type") == "application/json"
        answer = await self._client.request(
            method,
            url,
            params=params,
            data=None if is_json else data,
            content=json.dumps(_without_none(data)) if is_json else None,
            headers=headers,
            auth=auth,
            timeout=timeout or TIMEOUT_SECONDS,
            follow_redirects=allow_redirects,
        )
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        """Close the pool."""
        await self._client.aclose()


def _without_none(value: Any) -> Any:
    """Drop what is not set: the library writes out every content type it knows as null."""
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value
