"""Every error the bot raises on purpose.

KuskaError
├── ContentError          flows, catalogues or seed data are wrong: start is refused
├── SettingsError         a setting is missing or unsafe: start is refused
├── RejectedInbound       a webhook body that is not let in (carries the HTTP status)
├── StoreUnavailable      nothing was stored: the webhook answers 503, the provider repeats
├── NoSuchContact         erased or never known
├── BrokenSeal            a sealed value was changed or moved to another row
├── HandoffRefused        somebody else has it, or it is over: the name of a phrase
├── SigninRefused         staff are not let in: the name of a phrase that says why
├── Unprintable           a letter that no font of a document has; the message is the letter
├── CommandRefused        an operator's command cannot be done: one sentence for the operator
└── SendError             a provider did not take a message (retryable or not, with its code)
"""

from __future__ import annotations


class KuskaError(Exception):
    """Root of the tree; never raised itself."""


class ContentError(KuskaError):
    """A content file is wrong; the message reads `file:line: what is wrong`."""


class SettingsError(KuskaError):
    """A setting is missing or unsafe; the message names it and says what to set."""


class RejectedInbound(KuskaError):
    """A body that is not let in; `status` is 400, 403, 413 or 422."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class StoreUnavailable(KuskaError):
    """The store could not commit (locked, full, lost); nothing of the turn was kept."""


class NoSuchContact(KuskaError):
    """The contact was erased, or its key is gone, which is the same."""


class BrokenSeal(KuskaError):
    """A sealed value was changed, or moved to another row; nothing of it is shown."""


class HandoffRefused(KuskaError):
    """What a counselor wanted is not possible; the message is a key of `house.REASONS`' files."""


class SigninRefused(KuskaError):
    """Somebody of the staff is not let in; the message is a key of `flows/console.yaml`."""


class Unprintable(KuskaError):
    """A document cannot show a letter that was typed; the message is the letter."""


class CommandRefused(KuskaError):
    """An operator's command cannot be done; the message says why and what to do instead.

    `word` is the key of `flows/team.yaml` that says it on a page.
    """

    def __init__(self, said: str, word: str = "unreadable") -> None:
        super().__init__(said)
        self.word = word


class SendError(KuskaError):
    """A provider did not take a message.

    `retryable` says whether trying again can help, `retry_after` how many seconds the provider
    asked to wait, `code` the provider's own code, `maybe_sent` that the answer was lost on the way.
    """

    def __init__(
        self,
        code: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent
