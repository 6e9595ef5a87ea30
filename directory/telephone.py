"""Telephone numbers of Peru as editors write them, and as a phone dials them.

What is shown stays as it was written, because flows and cards show it so; what cannot be dialled
in Peru is refused with a Spanish sentence.
"""

from __future__ import annotations

import re

from directory.rows import read_number

PERU = "51"
_DIGITS = re.compile(r"\D")
_SHORT = re.compile(r"\d{3,4}")
_MOBILE = re.compile(r"9\d{8}")
_FREE = re.compile(r"0800\d{5}")
_LANDLINE = re.compile(r"01\d{7}|0[4-8]\d\d{6}")
_ABROAD = re.compile(r"\+\d{8,15}")


def read_phone(text: str) -> str:
    """A number to dial, as it is shown; raises ValueError with a sentence for who wrote it."""
    number = _number(text)
    digits = _national(number)
    if _ABROAD.fullmatch(digits) or any(
        shape.fullmatch(digits) for shape in (_SHORT, _MOBILE, _FREE, _LANDLINE)
    ):
        return text.strip()
    if re.fullmatch(r"[1-8]\d{5,7}", digits):
        raise ValueError(
            f"A «{text.strip()}» le falta el código de ciudad, como en (01) 390-2800 "
            "o (065) 234-567."
        )
    raise ValueError(
        f"«{text.strip()}» no es un teléfono del Perú. Un celular tiene 9 cifras y empieza con 9; "
        "un fijo lleva el código de ciudad, como (01) 390-2800."
    )


def read_whatsapp(text: str) -> str:
    """A number to write to; raises ValueError with a sentence for who wrote it."""
    digits = _national(_number(text))
    if any(shape.fullmatch(digits) for shape in (_MOBILE, _LANDLINE, _ABROAD)):
        return text.strip()
    raise ValueError(
        f"«{text.strip()}» no sirve para WhatsApp. Escribe un celular de 9 cifras que empieza "
        "con 9, o un número de otro país con + y su código."
    )


def dialled(text: str) -> str:
    """A number as the address of a link: `tel:+5113902800`, `tel:100`; empty when it is none."""
    read = read_number(text)
    if read is None:
        return ""
    digits = _national(read.number)
    if digits.startswith("+") or _SHORT.fullmatch(digits) or _FREE.fullmatch(digits):
        return f"tel:{digits}"
    return f"tel:+{PERU}{digits.removeprefix('0')}"


def same(text: str) -> str:
    """What two writings of one number share."""
    read = read_number(text)
    return f"{_national(read.number)}/{read.extension or ''}" if read else text


def _number(text: str) -> str:
    text = text.strip()
    if re.search(r"https?:|www\.|\.\w{2,}/", text, re.IGNORECASE):
        raise ValueError(f"«{text}» es un enlace, no un teléfono. Va en «Página web».")
    if "@" in text:
        raise ValueError(f"«{text}» es un correo, no un teléfono. Va en «Correo».")
    read = read_number(text)
    if read is None:
        raise ValueError(
            f"«{text}» no es un teléfono. Escribe solo el número, y si hace falta «anexo 12» "
            "u «opción 5»; varios se separan con punto y coma."
        )
    return read.number


def _national(number: str) -> str:
    """Digits as they are dialled in Peru; a number of another country keeps its plus."""
    digits = _DIGITS.sub("", number)
    if number.strip().startswith("+") and not digits.startswith(PERU):
        return f"+{digits}"
    if number.strip().startswith("+"):
        inside = digits.removeprefix(PERU)
        return inside if _MOBILE.fullmatch(inside) else f"0{inside}"
    return digits
