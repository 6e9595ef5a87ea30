"""Every error the directory raises on purpose.

DirectoryError
├── SeedError        a seed file is wrong: start is refused, `kuska check` tells
├── SheetRefused     a spreadsheet that cannot be read; the sentence is for whoever sent it
├── CellRefused      one cell of it that says nothing usable; the sentence names no place
├── AskedWrongly     asked of the API what it does not have or understand (with the HTTP status)
├── UnknownName      asked for a need, a line or a fear filter that does not exist
├── LinkRefused      a confirmation link that is not taken: the name of a phrase
├── HoursUnclear     hours in words that nobody can read: a Spanish sentence for the editor
└── EditRefused      a change of the directory is not taken: Spanish sentences for the editor
    └── NotAllowed   she may not change this service, or not alone
"""

from __future__ import annotations

from collections.abc import Mapping


class DirectoryError(Exception):
    """Root of the tree; never raised itself."""


class SeedError(DirectoryError):
    """A seed file is wrong; the message reads `file:line: what is wrong`."""


class SheetRefused(DirectoryError):
    """A spreadsheet that cannot be read at all; nothing of it was taken in."""


class CellRefused(DirectoryError):
    """What stands in a cell cannot be what its column holds; the row is not taken in."""


class AskedWrongly(DirectoryError):
    """A question to the API that has no answer; `status` is 404 or 422, the message a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class UnknownName(DirectoryError, KeyError):  # reads as a fact, like its siblings
    """No need, line or fear filter has this name; a caller's mistake, not a contact's."""


class LinkRefused(DirectoryError):
    """A confirmation link that is not taken; the message ends a key of `flows/confirming.yaml`."""


class HoursUnclear(DirectoryError):
    """Opening hours that cannot be read; the message is a Spanish sentence for the editor."""


class EditRefused(DirectoryError):
    """A change that is not taken, nothing of it kept.

    `wrong` has a Spanish sentence by field; what belongs to no field stands under an empty name.
    """

    def __init__(self, wrong: Mapping[str, str] | str) -> None:
        self.wrong = {"": wrong} if isinstance(wrong, str) else dict(wrong)
        super().__init__(" ".join(self.wrong.values()))


class NotAllowed(EditRefused):
    """Not hers to change, or not hers alone; the deed is worth recording."""
