"""Opening hours in words: what an editor types, and what is shown back to her.

`read` turns "lunes a viernes de 8 a 5" into the notation of the tables, `say` turns the notation
into words. An hour without morning or afternoon is taken as an office means it: "8 a 5" is 08:00
to 17:00. What was understood is always shown back before it is published.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from directory import schedules
from directory.errors import HoursUnclear

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
NAMES = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
PLAIN_WEEK = date(2026, 3, 2)
"""A Monday whose week has no Peruvian holiday: what it shows is the usual week."""
HOLIDAY = date(2026, 7, 28)
NOON, MIDNIGHT = 12 * 60, 24 * 60
DAWN, EVENING = 6 * 60, 18 * 60
"""Nobody's office opens between one and six at night; what begins after 18:00 may end next day."""
ALL_DAY = re.compile(
    r"(abierto )?((las )?24 ?(h|hs|hrs|horas)\.?( del dia)?|a toda hora|siempre)"
    r"(,? (todos los dias|los 7 dias( de la semana)?|(de )?lunes a domingo|365 dias))?"
)
_TOKEN = re.compile(
    r"(?P<everyday>todos los dias|a diario|diario|cada dia)"
    r"|(?P<workdays>dias de semana|dias habiles|dias laborables)"
    r"|(?P<closed>cerrado|no atiende)"
    r"|(?P<holidays>(incluso |tambien |inclusive |incluidos )?(los )?(dias )?feriados?)"
    r"|(?P<day>lunes|martes|miercoles|jueves|viernes|sabados?|domingos?"
    r"|lun|mar|mie|jue|vie|sab|dom|[ljvsd](?=[\s.,:-]))\.?"
    r"|(?P<noon>mediodia)|(?P<midnight>medianoche)"
    r"|(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))? ?(?:horas|hrs|hs|h\b)?\.?"
    r" ?(?P<half>a\.? ?m\b\.?|p\.? ?m\b\.?|de la manana|de la tarde|de la noche)?"
    r"|(?P<to>-|–|hasta|al?\b)|(?P<and>,|;|/|y\b|e\b)"
    r"|(?P<filler>de\b|desde|los?\b|las?\b|el\b|en|horario|atencion|abierto|turno|manana|tarde"
    r"|:|\.)"
)
_INITIALS = {"l": 0, "j": 3, "v": 4, "s": 5, "d": 6}  # an M may be two days
Span = tuple[int, int]


def read(text: str) -> str:
    """Hours in the notation of the tables; raises HoursUnclear with a sentence for the editor."""
    text = " ".join(text.split())
    if not text:
        return ""
    if schedules.is_known(text):
        found = text
    else:
        folded = _fold(text)
        found = schedules.ALWAYS if ALL_DAY.fullmatch(folded.strip(" .")) else _parse(folded)
    if not schedules.is_known(found) or len(found) > 255:
        raise HoursUnclear(_unclear(text))
    if not any(schedules.intervals(found, PLAIN_WEEK + timedelta(days=day)) for day in range(28)):
        raise HoursUnclear("Con esas horas no abre nunca. Revisa los días y las horas.")
    return found


def say(hours: str) -> str:
    """`abierto lunes a viernes de 8:00 a 17:00`; empty for hours that nobody knows."""
    if not schedules.is_known(hours):
        return ""
    if hours == schedules.ALWAYS:
        return "abierto a toda hora, todos los días"
    alike: dict[str, list[int]] = {}
    for number in range(7):
        spoken = _times(hours, PLAIN_WEEK + timedelta(days=number))
        if spoken:
            alike.setdefault(spoken, []).append(number)
    said = [f"{_days(numbers)} {spoken}" for spoken, numbers in alike.items()]
    if holiday := _times(hours, HOLIDAY):
        said.append(f"feriados {holiday}")
    return f"abierto {'; '.join(said)}" if said else ""


def openings(hours: str, after: datetime, count: int = 3) -> list[datetime]:
    """The next openings, in Lima time; none for what never closes or nobody knows."""
    found: list[datetime] = []
    while len(found) < count and (opens := schedules.next_opening(hours, after)):
        found.append(opens)
        after = opens
    return found


def _parse(text: str) -> str:
    """Groups of days, each with its spans of time; hours before any day are for every day."""
    rules: list[str] = []
    days: list[str] = []
    times: list[tuple[int, bool]] = []
    position, is_range, is_closed = 0, False, False

    def end_rule() -> None:
        nonlocal days, times, is_closed
        if len(times) % 2 or (days and bool(times) == is_closed):
            raise HoursUnclear(_unclear(text))
        if times:
            told = ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in _spans(times))
            rules.append(f"{_listed(days or list(DAYS))} {told}")
        days, times, is_closed = [], [], False

    while position < len(text):
        if text[position] == " ":
            position += 1
            continue
        token = _TOKEN.match(text, position)
        if token is None:
            raise HoursUnclear(_unclear(text))
        position = token.end()
        kind = token.lastgroup if token.lastgroup not in ("minute", "half") else "hour"
        if kind in ("day", "everyday", "workdays", "holidays"):
            is_more = kind == "holidays" and token["holidays"].startswith(("incl", "tamb"))
            if (times or is_closed) and is_more:
                days = [*(days or DAYS), "PH"]
                continue
            if times or is_closed:
                end_rule()
            _add_days(days, token, kind, is_range=is_range)
            is_range = False
        elif kind in ("hour", "noon", "midnight"):
            times.append(_time(token, text))
        elif kind == "closed":
            is_closed = True
        elif kind == "to":
            is_range = not times and bool(days)
    end_rule()
    if not rules:
        raise HoursUnclear(_unclear(text))
    return "; ".join(rules)


def _add_days(days: list[str], token: re.Match[str], kind: str, *, is_range: bool) -> None:
    if kind == "holidays":
        days.append("PH")
    elif kind != "day":
        days += DAYS if kind == "everyday" else DAYS[:5]
    else:
        day = _day(token["day"])
        if is_range and days:
            last = DAYS.index(days[-1]) if days[-1] in DAYS else day
            days += [DAYS[(last + 1 + step) % 7] for step in range((day - last) % 7)]
        else:
            days.append(DAYS[day])


def _day(word: str) -> int:
    if len(word) == 1:
        return _INITIALS[word]
    folded = [_fold(name)[:3] for name in NAMES]
    return folded.index(word[:3])


def _time(token: re.Match[str], text: str) -> tuple[int, bool]:
    """Minutes of the day, and whether the writer said which half of it she meant."""
    if token["noon"]:
        return NOON, True
    if token["midnight"]:
        return MIDNIGHT, True
    hour, minute, half = int(token["hour"]), int(token["minute"] or 0), token["half"] or ""
    if hour > 24 or minute > 59 or (half and not 1 <= hour <= 12):
        raise HoursUnclear(f"«{token[0].strip()}» no es una hora. {_unclear(text)}")
    if half:
        is_late = half.startswith("p") or half.endswith(("tarde", "noche"))
        hour = hour % 12 + (12 if is_late else 0)
    is_told = bool(half) or hour >= 13 or hour == 0
    return hour * 60 + minute, is_told


def _spans(times: list[tuple[int, bool]]) -> list[Span]:
    """Pairs of opening and closing as an office means them, each after the one before."""
    spans: list[Span] = []
    for (start, start_told), (end, end_told) in zip(times[::2], times[1::2], strict=True):
        floor = spans[-1][1] if spans else DAWN
        if not start_told and start < floor and start + NOON < MIDNIGHT and start < DAWN + NOON:
            is_night = not spans and start >= DAWN
            start += 0 if is_night else NOON
        if not end_told and end <= start and end + NOON > start:
            end += NOON if start < EVENING else 0
        if end == 0 or (end_told and end == start == 0):
            end = MIDNIGHT
        spans.append((start, min(end, MIDNIGHT) if end != start else MIDNIGHT))
    return spans


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _listed(days: list[str]) -> str:
    """Days in order, three or more in a row as a range."""
    wanted = [DAYS.index(day) for day in DAYS if day in days]
    rows: list[list[int]] = []
    for day in wanted:
        if rows and rows[-1][-1] == day - 1:
            rows[-1].append(day)
        else:
            rows.append([day])
    parts = []
    for row in rows:
        if len(row) > 1:
            parts.append(f"{DAYS[row[0]]}-{DAYS[row[-1]]}")
        else:
            parts.append(DAYS[row[0]])
    return ",".join([*parts, *(["PH"] if "PH" in days else [])])


def _times(hours: str, day: date) -> str:
    """`de 8:00 a 13:00 y de 14:00 a 17:00`; what began the day before is not said again."""
    said = []
    for start, end in schedules.intervals(hours, day):
        if schedules.is_open(hours, start - schedules.INSTANT):
            continue
        closes = schedules.closing(hours, start) or end
        said.append(f"de {start.hour}:{start:%M} a {_spoken(closes)}")
    return " y ".join(said)


def _spoken(closes: datetime) -> str:
    return f"{closes.hour}:{closes:%M}" if (closes.hour, closes.minute) != (0, 0) else "24:00"


def _days(numbers: list[int]) -> str:
    """`lunes a viernes`, `lunes, miércoles y viernes`, `todos los días`."""
    if len(numbers) == len(NAMES):
        return "todos los días"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{NAMES[numbers[0]]} a {NAMES[numbers[-1]]}"
    names = [NAMES[number] for number in numbers]
    return " y ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} y {names[-1]}"


def _unclear(text: str) -> str:
    return (
        f"No entendí «{text[:80]}». Escribe, por ejemplo: lunes a viernes de 8 a 5; "
        "sábado de 9:00 a 13:00. O: 24 horas."
    )


def _fold(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))
