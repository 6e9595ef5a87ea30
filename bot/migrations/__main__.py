"""Write a version with what differs between the models and the newest version."""

from __future__ import annotations

import sys

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine


def propose(message: str) -> None:
    """Upgrade an empty database in memory, compare it with the models, write the difference."""
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, message, autogenerate=True)


propose(" ".join(sys.argv[1:]))
