"""Versions of the schema, both packages' tables; `Store.upgrade` runs them at each start.

A new one, after changing a model: `python -m bot.migrations "what changed"` writes the difference
into `versions/`; read it before committing, it is a proposal.
"""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory


def known() -> list[str]:
    """Every version that this code knows, the newest first."""
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
