"""The web chat: one neutral page and its channel (SAFETY 1 to 6, 9, 25).

    session   the cookie, the address made from it, who may post
    wire      bodies in, messages out
    streams   open event streams, and following a conversation on one
    pace      how fast one session may write
    page      the page as HTML, and the headers that lock it
    routes    `router(...)`: the paths of INTERFACE 3
    channel   what the outbox calls when something for the web is due
    assets/   page.html, chat.css, chat.js, leave.js, icon.svg

Nothing here knows the store or the engine: they come in as the two ports of `routes`.
"""

from __future__ import annotations

from bot.channels.webchat.channel import WebChannel
from bot.channels.webchat.routes import Emergency, Receive, Words, router
from bot.channels.webchat.streams import MessagesAfter, Streams

__all__ = ["Emergency", "MessagesAfter", "Receive", "Streams", "WebChannel", "Words", "router"]
