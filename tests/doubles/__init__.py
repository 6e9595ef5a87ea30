"""Strict little stand-ins for the providers: they refuse what the real ones refuse, and record.

Each is a plain `handle(httpx.Request) -> httpx.Response`, to be mounted as `httpx.MockTransport`
or, for another process, served on 127.0.0.1 by `serving.serve`.
"""
