"""A service as a person would see it in the chat, on each channel and in each language."""

from __future__ import annotations

import html
from dataclasses import replace

from bot.channels.rendering import fit_telegram, fit_web, fit_whatsapp, plain
from bot.engine.cards import card
from bot.engine.memory import Memory
from bot.engine.turn import Event, Turn
from bot.engine.world import Duty, World
from bot.house import House, hear
from directory.listing import Listing
from directory.needs import needs
from directory.weighing import Asking, answer


def cards(house: House, listing: Listing, language: str, channel: str) -> list[str]:
    """Its card as messages of the channel, without what only its buttons would show."""
    now = house.clock()
    serving = [one for one in needs().values() if listing.kind in one.kinds]
    plainly = [one for one in serving if one.condition(listing.kind) is None]
    need = (plainly or serving or list(needs().values()))[0]
    asking = Asking(need, None, None, now, frozenset())
    world = World(
        now=now,
        directory=house.directory,
        translate=house.catalogues.translate,
        understand=hear,
        new_tag=house.new_tag,
        is_pocket_word=lambda _: False,
        ask_duty=Duty,
        languages=house.catalogues.titles,
        channel=channel,
    )
    turn = Turn(Memory(language=language), Event("signal"), world, house.flows)
    shown = card(answer(asking, listing, None), turn)
    said = [replace(shown, text=plain(shown.text))]
    if channel == "whatsapp":
        sent = fit_whatsapp(said, language, house.prompts(language), ())
    elif channel == "telegram":
        sent = fit_telegram(said, language, house.prompts(language))
    else:
        sent = fit_web(said, language)
    return [html.unescape(one.text) if channel == "telegram" else one.text for one in sent]
