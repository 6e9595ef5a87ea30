"""Every error the directory raises on purpose.

DirectoryError
├── SeedError        a seed file is wrong: start is refused, `kuska check` tells
├── SheetRefused     a spreadsheet that cannot be read; the sentence is for whoever sent it
├── CellRefused      one cell of it that says nothing usable; the sentence names no place
└── UnknownName      asked for a need, a line or a fear filter that does not exist
"""

from __future__ import annotations


class DirectoryError(Exception):
    """Root of the tree; never raised itself."""


class SeedError(DirectoryError):
    """A seed file is wrong; the message reads `file:line: what is wrong`."""


class SheetRefused(DirectoryError):
    """A spreadsheet that cannot be read at all; nothing of it was taken in."""


class CellRefused(DirectoryError):
    """What stands in a cell cannot be what its column holds; the row is not taken in."""


class UnknownName(DirectoryError, KeyError):  # reads as a fact, like its siblings
    """No need, line or fear filter has this name; a caller's mistake, not a contact's."""
