"""Versions of the schema, both packages' tables; `Store.upgrade` runs them at each start.

A new one, after changing a model: `python -m bot.migrations "what changed"` writes the difference
into `versions/`; read it before committing, it is a proposal.
"""
