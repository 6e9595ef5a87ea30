"""Run by Alembic: migrate on the connection that the caller opened."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from bot import models as bot_models
from bot.columns import Moment, Number
from directory import models as directory_models


def render(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """A version names no type of ours: it must still run when the models have changed."""
    if kind == "type" and (item is Number or isinstance(item, Moment)):
        return "NUMBER"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[bot_models.Base.metadata, directory_models.Base.metadata],
    render_item=render,
    render_as_batch=True,  # SQLite alters a table by building it anew
)
with context.begin_transaction():
    context.run_migrations()
