"""What every table of the bot has in common: names of constraints, kinds of columns, keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.columns import Moment, Number

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The bot's tables; the directory has its own."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this as a plain class attribute
        int: Number,
        datetime: Moment,
    }


def key() -> Mapped[int]:
    """A number made by `new_id`."""
    return mapped_column(primary_key=True, autoincrement=False)


def of(table: str, *, index: bool = True) -> Mapped[Any]:
    """A row that goes with the one it belongs to."""
    return mapped_column(ForeignKey(f"{table}.id", ondelete="CASCADE"), index=index)
