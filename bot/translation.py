"""Catalogues: the Spanish sentence is the message id, `flow.state.key` its context.

A missing translation answers with the Spanish sentence: a number in Spanish beats no number.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ContentError

SOURCE = "es"


class Language(BaseModel):
    """A row of `locales/languages.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    reviewed_by: str
    draft: str = ""

    @property
    def title(self) -> str:
        """Its own name; an unreviewed one says that it is a draft."""
        return self.name if self.reviewed_by else f"{self.name} ({self.draft})"


@dataclass(frozen=True, eq=False)
class Catalogues:
    """All languages that are spoken, loaded at start; the same only as itself."""

    languages: Mapping[str, Language]
    _loaded: Mapping[str, gettext.GNUTranslations]

    @classmethod
    def load(cls, folder: Path) -> Catalogues:
        """Raise `ContentError` when the list is wrong or a catalogue is not compiled."""
        path = folder / "languages.yaml"
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8"))
            languages = {code: Language.model_validate(row) for code, row in rows.items()}
        except (OSError, yaml.YAMLError, ValidationError, AttributeError) as error:
            raise ContentError(f"{path.name}:1: {error}") from error
        loaded = {}
        for code in languages:
            if code == SOURCE:
                continue
            compiled = folder / code / "LC_MESSAGES" / "messages.mo"
            try:
                with compiled.open("rb") as file:
                    loaded[code] = gettext.GNUTranslations(file)
            except OSError as error:
                raise ContentError(f"{compiled}:1: not compiled; run `make messages`") from error
        return cls(languages, loaded)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Code to what a person taps to choose the language."""
        return {code: language.title for code, language in self.languages.items()}

    def translate(self, language: str, context: str, text: str) -> str:
        """The text in a language, or the Spanish one where no translation stands."""
        catalogue = self._loaded.get(language)
        return text if catalogue is None else catalogue.pgettext(context, text)
