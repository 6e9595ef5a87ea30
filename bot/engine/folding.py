"""Text as people type it, made comparable: case, accents, long letters, emojis, and its sound.

Nothing here knows what a word means. `fold` is used wherever two texts are compared; `sounds` and
`words` also forgive Spanish spelling by ear (s/z/c, b/v, ll/y, h, k/qu) and chat abbreviations.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

EMOJIS = {
    "🆘": "sos", "🚨": "sos", "🔪": "cuchillo", "🗡": "cuchillo", "🔫": "pistola", "💣": "granada",
    "🩸": "sangre", "👊": "golpe", "🤛": "golpe", "🤜": "golpe", "😂": "jaja", "🤣": "jaja",
    "😹": "jaja", "😆": "jaja", "😅": "jaja", "😭": "llorando", "😢": "llorando",
    "😥": "llorando", "😰": "miedo", "😱": "miedo", "😨": "miedo", "🥺": "tristeza",
    "😔": "tristeza", "😞": "tristeza", "💔": "tristeza", "🤰": "embarazada", "👮": "policia",
    "🚓": "policia", "🚔": "policia", "🚑": "ambulancia", "💊": "pastilla", "💉": "inyeccion",
    "🏥": "hospital", "👍": "ok", "👌": "ok", "✅": "ok", "👎": "no", "🙏": "porfavor",
    "👋": "hola", "🔒": "candado", "⛓": "cadena", "🔥": "fuego", "☠": "muerte", "💀": "muerte",
    "⚰": "muerte", "🚪": "puerta", "⬅": "atras", "🔙": "atras",
}  # fmt: skip
"""What a drawing says, as the Spanish word that people draw it for."""

SHORTHAND = {
    "m": "me", "k": "que", "q": "que", "ke": "que", "qe": "que", "x": "por", "xq": "porque",
    "pq": "porque",
    "xk": "porque", "pk": "porque", "porq": "porque", "xfa": "porfavor", "xfavor": "porfavor",
    "porfa": "porfavor", "porfis": "porfavor", "plis": "porfavor", "pliss": "porfavor",
    "toy": "estoy", "toi": "estoy", "ta": "esta",
    "tas": "estas", "tan": "estan", "tamos": "estamos",
    "tb": "tambien", "tmb": "tambien", "tbn": "tambien", "bn": "bien", "dnd": "donde",
    "d": "de", "cdo": "cuando", "cuand": "cuando",
    "tngo": "tengo", "tng": "tengo", "kiero": "quiero",
    "kieren": "quieren", "kiere": "quiere",
    "qiero": "quiero", "qiere": "quiere", "nesesito": "necesito",
    "nec": "necesito", "nesito": "necesito",
    "msj": "mensaje", "msjs": "mensajes", "wsp": "whatsapp",
    "wasap": "whatsapp", "cel": "celular", "tlf": "telefono", "poli": "policia", "pa": "para",
    "pal": "para el", "pol": "por el", "dl": "del", "salu2": "saludos", "nadien": "nadie",
    "haiga": "haya", "asen": "hacen", "ase": "hace",
    "aser": "hacer", "nose": "no se", "nosé": "no se",
    "nome": "no me", "mestan": "me estan", "mesta": "me esta", "mequiere": "me quiere",
    "melo": "me lo", "meda": "me da", "alguie": "alguien", "acer": "hacer", "aca": "aqui",
    "aki": "aqui", "ahi": "ai", "hai": "ai",
    "ay": "ai", "hay": "ai", "aya": "alla", "ahorita": "ahora",
    "orita": "ahora", "aora": "ahora", "ora": "ahora", "horita": "ahora", "ahorito": "ahora",
    "ahoritita": "ahora", "aorita": "ahora",
}  # fmt: skip
"""What people write short or glue together, as the word they mean."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ud800-\udfff'’‘`´]"
)
_EMOJI = re.compile("|".join(map(re.escape, EMOJIS)))
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_LAUGH = re.compile(
    r"\b(?:k{3,}|(?:rs){2,}|[hj]([aeiou])(?:[hj]+\1)+[hj]?|([aeiou])(?:[hj]+\2){2,}[hj]?)\b"
)  # "hijo" and "hoja" are none: their vowels differ
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Lower case, no accents, no invisible letters, emojis as words, one space between words.

    A letter written three times or more counts once ("ayudaaa"); all laughter is "jaja". The
    result holds only letters, digits and single spaces; folding it again changes nothing.
    """
    text = _EMOJI.sub(lambda found: f" {EMOJIS[found[0]]} ", _INVISIBLE.sub("", text))
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    heard = " ".join(_WORD.findall(_INVISIBLE.sub("", kept)))
    return _LONG.sub(r"\1", _LAUGH.sub("jaja", heard))


_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"(.)\1+", r"\1"),  # rr, ss, cc, and letters pressed twice
        (r"^hue|^gue(?=[vb])|^we", "ue"),  # huevon, guevon, webon
        (r"gu(?=[ei])", "g"),
        (r"g(?=[ei])", "j"),
        (r"^(?:gu|hu|w)(?=a)|(?<=[aeiou])(?:gu|hu|w)(?=a)", "u"),  # guagua, wawa
        (r"qu(?=[ei])|q", "k"),
        (r"[sx]c(?=[ei])|c(?=[ei])|z|x", "s"),
        (r"ch", "ç"),
        (r"c", "k"),
        (r"ph", "f"),
        (r"h", ""),
        (r"v", "b"),
        (r"ll", "y"),
        (r"n(?=[bp])", "m"),
        (r"y(?=$|[^aeiou])", "i"),
        (r"w", "u"),
        (r"(?<=[a-z]{2})ao$", "ado"),  # pegao, encerrao
        (r"(.)\1+", r"\1"),
    )
)


@lru_cache(maxsize=20_000)
def sounds(word: str) -> str:
    """How a folded word sounds to a Spanish ear: "nesecito", "necesito" and "nezezito" are one."""
    if word.isdigit():
        return word
    word = word.replace("ll", "y") if "ll" in word else word
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


def written_out(text: str) -> str:
    """A text folded, its shorthand written out."""
    return " ".join(SHORTHAND.get(word, word) for word in fold(text).split())


def words(text: str) -> list[str]:
    """The sounds of a text's words, shorthand written out."""
    return [sound for sound in map(sounds, written_out(text).split()) if sound]
