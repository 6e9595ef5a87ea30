"""Every error the directory raises on purpose.

DirectoryError
├── SeedError        a seed file is wrong: start is refused, `kuska check` tells
└── UnknownName      asked for a need, a line or a fear filter that does not exist
"""

from __future__ import annotations


class DirectoryError(Exception):
    """Root of the tree; never raised itself."""


class SeedError(DirectoryError):
    """A seed file is wrong; the message reads `file:line: what is wrong`."""


class UnknownName(DirectoryError, KeyError):  # reads as a fact, like its siblings
    """No need, line or fear filter has this name; a caller's mistake, not a contact's."""
