"""The web chat over HTTP: what comes in, what goes out, what is refused, what leaves no trace."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening import served
from webchat_double import (
    CARD,
    COVER,
    DANGER,
    ERASED,
    GREETING,
    NEXT,
    PHRASES,
    POCKET,
    Conversations,
)

from bot.channels.webchat import WebChannel, page, wire
from bot.channels.webchat.pace import MESSAGES, SECONDS, Pace
from bot.channels.webchat.streams import PER_SESSION, follow
from bot.errors import RejectedInbound
from bot.messages import ShownService

SAME = {"Origin": "http://chat.example", "Sec-Fetch-Site": "same-origin"}
FORM = {**SAME, "Content-Type": "application/x-www-form-urlencoded"}
JSON = {**SAME, "Content-Type": "application/json"}
TOPICS = re.compile(r"sexo|sexual|trata\b|traffic|violen|polic|explot|migra|abus|prostit", re.I)


def client_of(talk: Conversations, *, is_https: bool = False) -> httpx.AsyncClient:
    """A browser-like client that has not opened the page yet."""
    transport = httpx.ASGITransport(app=talk.app(is_https=is_https), raise_app_exceptions=True)
    base = "https://chat.example" if is_https else "http://chat.example"
    return httpx.AsyncClient(transport=transport, base_url=base, headers=SAME)


@pytest.fixture
def talk() -> Conversations:
    """A conversation that answers."""
    return Conversations()


@pytest.fixture
async def web(talk: Conversations) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has opened the page, and so has a session."""
    async with client_of(talk) as client:
        await client.get("/")
        yield client


# The page


async def test_page_is_locked(web: httpx.AsyncClient) -> None:
    """The page may load, connect to and be framed by nothing but itself, and is never kept."""
    headers = (await web.get("/")).headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    for rule in ("script-src", "style-src", "connect-src", "img-src", "form-action"):
        assert policy[rule] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "geolocation=(self)" in headers["permissions-policy"]
    assert "microphone=()" in headers["permissions-policy"]


async def test_page_is_neutral_and_alone(web: httpx.AsyncClient) -> None:
    """Nothing that is loaded names a topic; no inline code; no address but the way out."""
    html = (await web.get("/")).text
    assert "<title>Chat</title>" in html
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/web/)", html)
    for path in ("/", *(f"/web/{name}" for name in page.assets())):
        response = await web.get(path)
        assert response.status_code == 200
        assert not TOPICS.search(response.text)
        addresses = set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<>]*", response.text))
        assert addresses <= {page.AWAY, "http://www.w3.org/2000/svg"}


async def test_page_is_small(web: httpx.AsyncClient) -> None:
    """Everything together stays under 60 KB, uncompressed."""
    loaded = [await web.get(path) for path in ("/", *(f"/web/{name}" for name in page.assets()))]
    assert sum(len(response.content) for response in loaded) < 60 * 1024


async def test_script_never_writes_markup_and_keeps_nothing() -> None:
    """The script uses neither what parses HTML nor any storage of the browser."""
    script = "".join(path.read_text() for path in page.ASSETS.glob("*.js"))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|localStorage|sessionStorage"
        r"|indexedDB|pushState|serviceWorker",
        script,
    )


async def test_assets_answer_what_is_known_without_a_body(web: httpx.AsyncClient) -> None:
    """A file that did not change is not sent again."""
    first = await web.get("/web/chat.css")
    again = await web.get("/web/chat.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("is_https", [True, False])
async def test_cookie_goes_with_the_browser_and_to_nobody_else(is_https: bool) -> None:
    """The cookie is unreadable by script, strict, for this visit only, Secure on https."""
    async with client_of(Conversations(), is_https=is_https) as client:
        cookie = (await client.get("/")).headers.get_list("set-cookie")[-1]
        assert cookie.startswith("__Host-s=" if is_https else "s=")
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert "max-age" not in cookie.lower()
        assert "expires" not in cookie.lower()
        assert ("Secure" in cookie) is is_https
        assert "Path=/" in cookie
        assert "set-cookie" not in (await client.get("/")).headers


async def test_address_is_not_the_cookie(talk: Conversations, web: httpx.AsyncClient) -> None:
    """What the store sees cannot be used as a cookie, and two visits share nothing."""
    await web.post("/web/messages", json={"text": "hola", "id": "1"})
    async with client_of(talk) as other:
        await other.get("/")
        await other.post("/web/messages", json={"text": "hola", "id": "1"})
    hers, another = talk.inbound
    assert web.cookies["s"] not in repr(hers)
    assert hers.address != another.address
    assert hers.provider_id != another.provider_id


# Turns


async def test_turn_answers_in_the_shape_of_the_interface(web: httpx.AsyncClient) -> None:
    """A post answers with the new messages, each with its position."""
    answer = (await web.post("/web/messages", json={"text": "hola", "id": "a1"})).json()
    assert [m["position"] for m in answer["messages"]] == [1, 2]
    ask = answer["messages"][1]
    assert (ask["kind"], ask["cause"], ask["silent"], ask["service"]) == (
        "ask",
        "inbound",
        True,
        None,
    )
    assert ask["choices"][0] == {"id": "s1.welcome.gate.calm", "title": "Sí"}

    answer = (await web.post("/web/messages", json={"choice": ask["choices"][0]["id"]})).json()
    card = answer["messages"][0]
    assert card["service"]["id"] == "LIN-1884"
    assert card["service"]["open"] is False
    assert card["calls"][0] == {"title": "1884", "tel": "1884"}


@pytest.mark.parametrize(
    ("posted", "field", "value"),
    [
        ({"text": "  hola \r\n ahí\0 "}, "text", "hola \n ahí"),
        ({"text": "ñ" * 4000}, "text", "ñ" * 4000),
        ({"choice": "s1.a.b.c"}, "choice", "s1.a.b.c"),
        ({"location": {"lat": -12, "lon": -77.04}}, "location", (-12.0, -77.04)),
        ({"media": "audio"}, "media", "audio"),
        ({"text": "hola", "choice": None, "extra": 1}, "text", "hola"),
    ],
)
async def test_what_is_let_in(
    talk: Conversations, web: httpx.AsyncClient, posted: object, field: str, value: object
) -> None:
    """Each kind of post becomes exactly that one thing of an `Inbound`."""
    assert (await web.post("/web/messages", json=posted)).status_code == 200
    (inbound,) = talk.inbound
    assert getattr(inbound, field) == value
    others = {"text", "choice", "location", "media"} - {field}
    assert all(getattr(inbound, other) is None for other in others)


async def test_repeat_makes_no_second_turn(talk: Conversations, web: httpx.AsyncClient) -> None:
    """The same id again, after a lost answer, makes no turn and still brings the replies."""
    post = {"text": "hola", "id": "a1", "after": 0}
    first = await web.post("/web/messages", json=post)
    again = await asyncio.gather(*(web.post("/web/messages", json=post) for _ in range(10)))
    assert len(talk.inbound) == 1
    assert all(response.json() == first.json() for response in again)


BAD_BODIES = [
    ("broken json", b'{"text": "hola"', 400),
    ("not utf-8", b'{"text": "\xff\xfe"}', 400),
    ("deep nesting", b"[" * 16_000, 400),
    ("deep and closed", b'{"text":' + b"[" * 7_000 + b"]" * 7_000 + b"}", 400),
    ("huge integer", b'{"after": ' + b"9" * 5_000 + b', "text": "a"}', 400),
    ("not a number", b'{"location": {"lat": NaN, "lon": 1}}', 400),
    ("empty body", b"", 400),
    ("a list", b'["hola"]', 422),
    ("null", b"null", 422),
    ("nothing said", b"{}", 422),
    ("empty text", b'{"text": ""}', 422),
    ("blank text", b'{"text": " \\n\\u0000 "}', 422),
    ("text too long", b'{"text": "' + b"a" * 4_001 + b'"}', 422),
    ("text a number", b'{"text": 105}', 422),
    ("text a list", b'{"text": ["hola"]}', 422),
    ("two things", b'{"text": "hola", "choice": "a"}', 422),
    ("choice too long", b'{"choice": "' + b"a" * 65 + b'"}', 422),
    ("choice broken", b'{"choice": "\\ud800"}', 422),
    ("place of text", b'{"location": {"lat": "-12", "lon": "-77"}}', 422),
    ("place off earth", b'{"location": {"lat": 91, "lon": 0}}', 422),
    ("half a place", b'{"location": {"lat": 1}}', 422),
    ("place true", b'{"location": {"lat": true, "lon": 1}}', 422),
    ("infinite place", b'{"location": {"lat": 1e999, "lon": 1}}', 422),
    ("unknown media", b'{"media": "virus"}', 422),
    ("id of markup", b'{"text": "hola", "id": "<b>"}', 422),
    ("id a number", b'{"text": "hola", "id": 1}', 422),
    ("before the start", b'{"text": "hola", "after": -1}', 422),
    ("after the end", b'{"text": "hola", "after": 99999999999999999999}', 422),
    ("over 16 KB", b'{"text": "' + b"a" * 17_000 + b'"}', 413),
    ("1 MB", b"a" * 1_000_000, 413),
]


@pytest.mark.parametrize(
    ("body", "status"), [case[1:] for case in BAD_BODIES], ids=[case[0] for case in BAD_BODIES]
)
async def test_bad_body_is_refused_in_one_sentence(
    talk: Conversations, web: httpx.AsyncClient, body: bytes, status: int
) -> None:
    """What is no message gets its status and one Spanish sentence, and nothing is stored."""
    response = await web.post("/web/messages", content=body, headers=JSON)
    assert response.status_code == status
    assert response.json()["error"] in PHRASES.values()
    assert response.json()["messages"] == []
    assert talk.inbound == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"text=%ff%fe", 400),
        (b"text=\xc3\xb1", 400),
        (b"&".join(b"a=1" for _ in range(50)), 400),
        (b"", 422),
        (b"text=", 422),
        (b"text=+++", 422),
        (b"text=a&choice=b", 422),
        (b"other=hola", 422),
        (b"text=" + b"a" * 4_001, 422),
        (b"text=" + b"a" * 20_000, 413),
    ],
)
async def test_bad_form_shows_the_page_again(
    talk: Conversations, web: httpx.AsyncClient, body: bytes, status: int
) -> None:
    """A form that cannot be taken shows the page with the sentence in it."""
    response = await web.post("/web/messages", content=body, headers=FORM)
    assert response.status_code == status
    notice = re.search(r'id="notice" role="status">([^<]+)<', response.text)
    assert notice is not None
    assert notice[1] in PHRASES.values()
    assert talk.inbound == []


@given(body=st.binary(max_size=300), is_form=st.booleans())
def test_reading_any_bytes_ends_well(body: bytes, is_form: bool) -> None:
    """Whatever the bytes, reading gives a message or a refusal of a known status."""
    refused: RejectedInbound | None = None
    try:
        wire.read(body, is_form=is_form)
    except RejectedInbound as refusal:
        refused = refusal
    assert refused is None or (refused.status in {400, 422} and str(refused) in PHRASES)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://chat.example"}, 200),
        ({}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://chat.example.evil.example"}, 403),
        ({"Origin": "http://chat.example@evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_other_sites_cannot_post(
    talk: Conversations, headers: dict[str, str], status: int
) -> None:
    """A request that another site made is refused, though the cookie came with it."""
    async with client_of(talk) as client:
        await client.get("/")
        del client.headers["origin"], client.headers["sec-fetch-site"]
        response = await client.post("/web/messages", json={"text": "hola"}, headers=headers)
        assert response.status_code == status
        assert len(talk.inbound) == (status == 200)


@pytest.mark.parametrize("cookie", [None, "short", "x" * 43 + "!", "ñ" * 43])
async def test_no_session_no_turn(talk: Conversations, cookie: str | None) -> None:
    """Without a cookie of our making nothing is taken: 403, and the page for a form."""
    async with client_of(talk) as client:
        headers = {b"Cookie": f"s={cookie}".encode()} if cookie else {}
        json = await client.post("/web/messages", json={"text": "hola"}, headers=headers)
        form = await client.post("/web/messages", data={"text": "hola"}, headers=headers)
        events = await client.get("/web/events", headers=headers)
    assert (json.status_code, events.status_code) == (403, 403)
    assert (form.status_code, form.headers["location"]) == (303, "/")
    assert talk.inbound == []


async def test_store_down_keeps_the_text_and_helps_at_once(
    talk: Conversations, web: httpx.AsyncClient
) -> None:
    """Nothing stored is 503, never 2xx; an urgent text is answered from memory all the same."""
    talk.is_down = True
    calm = await web.post("/web/messages", json={"text": "hola"})
    urgent = await web.post("/web/messages", json={"text": "auxilio"})
    form = await web.post("/web/messages", data={"text": "auxilio <b>", "id": "same"})
    assert {calm.status_code, urgent.status_code, form.status_code} == {503}
    assert calm.json() == {"error": PHRASES["unavailable"], "messages": []}
    assert urgent.json()["messages"][0]["text"] == DANGER.text
    assert 'value="same"' in form.text
    assert "auxilio &lt;b&gt;</textarea>" in form.text
    assert "<strong>105</strong>" in form.text
    shown = await web.get("/")
    assert shown.status_code == 503
    assert PHRASES["unavailable"] in shown.text


async def test_too_fast_is_said_kindly(talk: Conversations) -> None:
    """The 21st message of a minute waits; after some seconds the next goes through."""
    now = [0.0]
    transport = httpx.ASGITransport(app=talk.app(pace=Pace(lambda: now[0])))
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example") as client:
        await client.get("/")
        posts = [await client.post("/web/messages", json={"text": "a"}) for _ in range(21)]
        assert [post.status_code for post in posts] == [200] * MESSAGES + [429]
        assert posts[-1].json()["error"] == PHRASES["too_fast"]
        now[0] += SECONDS / MESSAGES
        assert (await client.post("/web/messages", json={"text": "a"})).status_code == 200


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=200))
def test_pace_holds_over_any_minute(gaps: list[float]) -> None:
    """However the messages come, no minute takes more than a full bucket and its refill."""
    now = [0.0]
    pace = Pace(lambda: now[0])
    taken_at = []
    for gap in gaps:
        now[0] += gap
        if pace.take("a"):
            taken_at.append(now[0])
    for start in taken_at:
        assert sum(start <= at < start + SECONDS for at in taken_at) <= 2 * MESSAGES


# Without script


async def test_conversation_without_script(talk: Conversations, web: httpx.AsyncClient) -> None:
    """Forms post and redirect to the page, which shows the answers and the choices as buttons."""
    assert 'action="/web/messages"' in (await web.get("/")).text
    posted = await web.post("/web/messages", data={"text": "hola", "id": "f1"})
    assert (posted.status_code, posted.headers["location"]) == (303, "/")
    shown = (await web.get("/")).text
    assert GREETING[0].text in shown
    assert '<button name="choice" value="s1.welcome.gate.calm">Sí</button>' in shown
    await web.post("/web/messages", data={"choice": "s1.welcome.gate.calm", "id": "f2"})
    shown = (await web.get("/")).text
    assert "<strong>Defensa Pública · Línea 1884</strong>" in shown
    assert 'href="tel:1884"' in shown
    assert "s1.welcome.gate.calm" not in shown
    assert '<a id="refresh" href="/">Actualizar</a>' in shown
    assert 'href="/web/exit" rel="noreferrer nofollow"' in shown


async def test_markup_in_a_message_is_text(talk: Conversations, web: httpx.AsyncClient) -> None:
    """What looks like markup is shown as it was written."""
    await web.post("/web/messages", data={"text": "<script>alert(1)</script>"})
    shown = (await web.get("/")).text
    assert "Escribiste: &lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown


# Leaving and erasing


@pytest.mark.parametrize(("method", "status"), [("GET", 303), ("POST", 204)])
async def test_exit_leaves_nothing(
    talk: Conversations, web: httpx.AsyncClient, method: str, status: int
) -> None:
    """One request ends the session, drops the cookie and leads away; the page is new again."""
    await web.post("/web/messages", json={"text": "hola"})
    address = talk.inbound[0].address
    response = await web.request(method, "/web/exit")
    assert response.status_code == status
    assert method == "POST" or response.headers["location"] == page.AWAY
    assert "s" not in web.cookies
    assert (talk.inbound[-1].address, talk.inbound[-1].text) == (address, "salir")
    assert GREETING[0].text not in (await web.get("/")).text


async def test_exit_without_connection_is_kept(talk: Conversations, web: httpx.AsyncClient) -> None:
    """The mark that the page set while leaving offline ends the session at the next visit."""
    await web.post("/web/messages", json={"text": "hola"})
    before = web.cookies["s"]
    shown = await web.get("/", headers={"Cookie": f"s={before}; left=1"})
    assert GREETING[0].text not in shown.text
    assert talk.inbound[-1].text == "salir"
    assert web.cookies["s"] != before


async def test_exit_works_while_the_store_is_down(
    talk: Conversations, web: httpx.AsyncClient
) -> None:
    """Leaving never fails: the cookie goes whatever happens."""
    talk.is_down = True
    assert (await web.get("/web/exit")).status_code == 303
    assert "s" not in web.cookies


@pytest.mark.parametrize(("word", "last"), [("salir", COVER), ("borrar", ERASED)])
@pytest.mark.parametrize("is_form", [True, False])
async def test_the_end_is_said_from_memory(
    web: httpx.AsyncClient, word: str, last: object, is_form: bool
) -> None:
    """Exit and erase by word answer with the last words alone and drop the cookie."""
    await web.post("/web/messages", json={"text": "hola"})
    if is_form:
        response = await web.post("/web/messages", data={"text": word})
        assert GREETING[0].text not in response.text
        assert getattr(last, "text") in response.text  # noqa: B009 (parametrized as object)
    else:
        response = await web.post("/web/messages", json={"text": word})
        answer = response.json()
        assert answer["is_over"] is True
        assert [m["text"] for m in answer["messages"]] == [getattr(last, "text")]  # noqa: B009
        assert answer["messages"][0]["position"] is None
    assert response.status_code == 200
    assert "s" not in web.cookies


async def test_cover_hides_what_was_said(web: httpx.AsyncClient) -> None:
    """After a pocket word the page shows that answer and nothing from before; the session stays."""
    await web.post("/web/messages", json={"text": "hola"})
    await web.post("/web/messages", json={"text": "pajarito"})
    shown = (await web.get("/")).text
    assert POCKET.text in shown
    assert GREETING[1].text not in shown
    assert "s" in web.cookies


# Streams


async def test_stream_catches_up_and_follows(talk: Conversations) -> None:
    """A stream gives what came after the position, then what comes, each once and in order."""
    talk.say("web:a", *GREETING, CARD)
    events = follow("web:a", 1, talk.messages_after, talk.streams)
    assert (await anext(events)).startswith("retry:")
    assert (await anext(events)).startswith("id: 2\ndata: {")
    assert (await anext(events)).startswith("id: 3\n")
    threading.Thread(target=talk.say, args=("web:a", NEXT)).start()
    event = await asyncio.wait_for(anext(events), 5)
    assert event.startswith("id: 4\n")
    assert event.count("\n") == 3
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator, typed as an iterator


async def test_stream_beats_while_nothing_comes(talk: Conversations) -> None:
    """A silent stream sends a comment, so that proxies and phones keep it open."""
    events = follow("web:a", 0, talk.messages_after, talk.streams, heartbeat=0.01)
    await anext(events)
    assert [await anext(events), await anext(events)] == [":\n\n", ":\n\n"]
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator, typed as an iterator


async def test_stream_ends_with_the_session(talk: Conversations, web: httpx.AsyncClient) -> None:
    """Leaving closes the streams of that session and of no other."""
    await web.post("/web/messages", json={"text": "hola"})
    address = talk.inbound[0].address
    hers = follow(address, 2, talk.messages_after, talk.streams)
    other = follow("web:b", 0, talk.messages_after, talk.streams, heartbeat=0.01)
    await anext(hers)
    await anext(other)
    rest = asyncio.create_task(anext(hers, None))
    await web.post("/web/exit")
    assert await asyncio.wait_for(rest, 5) is None
    assert await anext(other) == ":\n\n"
    await other.aclose()  # type: ignore[attr-defined]  # it is a generator, typed as an iterator


async def test_stream_ends_with_the_store(talk: Conversations) -> None:
    """A store that is down ends the stream quietly: the page comes back by itself."""
    talk.is_down = True
    assert len([event async for event in follow("a", 0, talk.messages_after, talk.streams)]) == 1


async def test_newest_stream_is_never_locked_out(talk: Conversations) -> None:
    """One stream too many ends the oldest, not the newest."""
    streams = [
        follow("web:a", 0, talk.messages_after, talk.streams, heartbeat=0.01)
        for _ in range(PER_SESSION + 1)
    ]
    for stream in streams:
        await anext(stream)
    assert await anext(streams[0], None) is None
    assert [await anext(stream) for stream in streams[1:]] == [":\n\n"] * PER_SESSION
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, typed as an iterator


def test_events_over_a_real_connection(talk: Conversations) -> None:
    """Events arrive while the connection is open, and `Last-Event-ID` is obeyed."""
    with served(talk.app(), "off") as url, httpx.Client(base_url=url) as client:
        client.get("/")
        client.post("/web/messages", json={"text": "hola"})
        with client.stream("GET", "/web/events", headers={"Last-Event-ID": "1"}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("id:")) == "id: 2"
            talk.say(talk.inbound[0].address, CARD)
            assert next(line for line in lines if line.startswith("id:")) == "id: 3"


async def test_channel_wakes_the_page(talk: Conversations) -> None:
    """The outbox's send makes an open page look; everything is shown as it is."""
    channel = WebChannel(talk.streams)
    sendings = channel.fit([CARD, NEXT], "es")
    assert [sending.text for sending in sendings] == [CARD.text, NEXT.text]
    assert sendings[1].choices == NEXT.choices
    with talk.streams.open("web:a") as stream:
        sent = await channel.send("web:a", sendings[0])
        assert sent.provider_ref
        assert await stream.wait(5)


# Words


@pytest.mark.parametrize(
    ("phone", "tel"),
    [
        ("1884", "1884"),
        ("(01) 428-1000", "014281000"),
        ("(01) 428-1000 anexo 22", "014281000"),
        ("113 opción 5", "113"),
        ("113 (opción 5)", "113"),
        ("113, 5", "113"),
        ("+51 987 654 321", "+51987654321"),
        ("0800-00205; (01) 625-5555", "080000205"),
        ("Línea 100", "100"),
        ("sin número", None),
    ],
)
def test_what_a_telephone_dials(phone: str, tel: str | None) -> None:
    """An option, an extension or a second number never joins the number that is dialled."""
    service = ShownService("X", (phone,), None, None, None, None, None)
    assert wire.calls(service) == ([{"title": phone, "tel": tel}] if tel else [])


@given(st.text(alphabet="a *`\n<é", max_size=60))
def test_pieces_lose_nothing(text: str) -> None:
    """Cutting a text for bold and keys loses only the marks that had a pair."""
    marks = {"bold": "**", "key": "`", "": ""}
    assert "".join(marks[m] + part + marks[m] for m, part in page.pieces(text)) == text


async def test_every_word_of_the_page_is_in_its_flow() -> None:
    """The page and the refusals use phrases that `flows/web.yaml` has, and all of them."""
    used = set(re.findall(r"words\.(\w+)", (page.ASSETS / "page.html").read_text()))
    refusals = {"elsewhere", "no_session", "unreadable", "misshapen"}
    refusals |= {"too_long", "too_large", "too_fast", "unavailable"}
    assert used | refusals == set(PHRASES)
