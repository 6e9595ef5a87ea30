"""Kuska's conversation side. The service directory lives beside it in `directory`.

The way of one message: a channel parses it (`channels`), `conversation.receive` stores it and runs
a turn (`engine`), the replies wait in the `outbox` and are committed with it, and `outbox` delivers
them through the channel again. `conversation.resume` is the second door: a counselor joined,
replied or closed, a handoff expired.

messages      what comes in and goes out, whatever the channel
engine        flows, states, understanding: pure
channels      web chat, Telegram, WhatsApp: parse, fit, send
conversation  receive and resume     handoffs   a person takes over     translation   catalogues
store, models, vault, outbox, retention   what is kept, sealed, sent and forgotten
webhooks, cli, settings, errors           the edges
"""
