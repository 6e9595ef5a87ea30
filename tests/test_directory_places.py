"""Places by typed name and by position."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.nearness import Tree, distance_km, point
from directory.places import Place, all_places, find, nearest, place


def codes(places: list[Place]) -> list[str]:
    return [one.ubigeo for one in places]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Iquitos", "160101"),
        ("ikitos", "160101"),
        ("IQUITOS", "160101"),
        ("iquittos", "160101"),
        ("soy de ikitos", "160101"),
        ("ayacuco", "050101"),
        ("huamanga", "050101"),
        ("villa el sarvador", "150142"),
        ("ves", "150142"),
        ("san juan de lurigancho", "150132"),
        ("sanjuan de lurigancho", "150132"),
        ("san juan de luriganxo", "150132"),
        ("sjl", "150132"),
        ("SMP", "150135"),
        ("vmt", "150143"),
        ("sjm", "150133"),
        ("cercado", "150101"),
        ("el callao", "070100"),
        ("Lima", "150100"),
        ("Cusco", "080101"),
        ("cuzco", "080101"),
        ("huaras", "020101"),
        ("trugillo", "130101"),
        ("arekipa", "040101"),
        ("chiclallo", "140101"),
        ("pucallpa", "250101"),
        ("pucalpa", "250101"),
        ("puerto maldonado", "170101"),
        ("tingo maria", "100601"),
        ("juliaka", "211101"),
        ("tarapotto", "220901"),
        ("chinbote", "021801"),
        ("la rinconada", "211002"),
        ("huaycan", "150103"),
        ("loreto", "160000"),
        ("Madre de Dios", "170000"),
        ("cañete", "150500"),
        ("en el distrito de comas, lima", "150110"),
        ("Miraflores, Arequipa", "040110"),
        ("san miguel cajamarca", "061101"),
        ("mala", "150509"),
        ("s.j.l.", "150132"),
        ("V E S", "150142"),
        ("pte piedra", "150125"),
        ("sta anita", "150137"),
        ("olivos", "150117"),
        ("el agusitno", "150111"),
        ("la molna", "150114"),
        ("hauncayo", "120101"),
        ("san jaun de miraflores", "150133"),
        ("sanj uan de lurigancho", "150132"),
        ("iquito", "160101"),
        ("maldonado", "170101"),
        ("collique", "150110"),
        ("cono norte", "150100"),
    ],
)
def test_an_answer_to_which_city(answer: str, expected: str) -> None:
    """Misspelt, popular, shortened or narrowed by its region, the place is found alone."""
    assert codes(find(answer, is_answer=True)) == [expected]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("estoy en iquitos", ["160101"]),
        ("necesito una abogada en Iquitos", ["160101"]),
        ("iquitos abogada", ["160101"]),
        ("vivo en villa el sarvador y no tengo plata", ["150142"]),
        ("me trajeron a puerto maldonado", ["170101"]),
        ("estoy en ayacuco", ["050101"]),
        ("de Cusco a Lima", ["080101", "150100"]),
        ("en mala", ["150509"]),
        ("trabajo en sjl de noche", ["150132"]),
        ("trabajo en s.j.l. de noche", ["150132"]),
        ("vivo por sta anita", ["150137"]),
    ],
)
def test_a_place_inside_a_sentence(sentence: str, expected: list[str]) -> None:
    """Exact names count anywhere, misspelt ones after a word that comes before places."""
    assert codes(find(sentence)) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "hola",
        "no",
        "mi casa",
        "no me dejan salir de mi casa",
        "quiero la libertad",
        "me siento mala persona",
        "se llama igual que yo",
        "chao",
        "gracias ñaña",
        "tiene un arma",
        "me levantó la mano",
        "de noche trabajo",
        "el puente",
        "necesito atencion medica",
        "trabajo en compañia de otras",
        "me tienen engañada",
        "estoy en la calle",
        "estoy en la olla",
        "soy de caracas",
        "vengo de barinas",
        "soy de guayaquil",
        "estoy de parto",
        "no pasa nada",
        "dame una pastilla",
        "se fue por los olivos del parque",
        "con maria y con jesus",
        "tres pasos",
        "soy rosa maldonado",
        "ya ves que no",
        "sta noche me pego",
        "soy de buenos aires",
        "soy de cuenca",
        "mala",
        "😀😀",
        "1",
    ],
)
def test_everyday_words_are_no_places(sentence: str) -> None:
    """Words that are also names, and words near a name, are not taken for a place."""
    assert find(sentence) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("los olivos", ["150117"]),
        ("los olivos lima", ["150117"]),
        ("gamarra la victoria", ["150115"]),
        ("la victoria gamarra lima", ["150115"]),
        ("comas lima", ["150110"]),
        ("breña", ["150105"]),
        ("soy de la esperanza trujillo", ["130105"]),
    ],
)
def test_an_everyday_word_is_a_place_when_nothing_else_is_said(
    message: str, expected: list[str]
) -> None:
    """The same words alone, or beside the name of their city, are where she is."""
    assert codes(find(message)) == expected
    assert codes(find(message, is_answer=True)) == expected


@pytest.mark.parametrize(
    "answer",
    ["chamba", "basta", "carajo", "no se", "prefiero no decir", "xyz", "la puta", "a la calle"],
)
def test_an_answer_that_is_no_place(answer: str) -> None:
    """Asked for a city, she may say something else: nothing is guessed."""
    assert find(answer, is_answer=True) == []


def test_one_slip_anywhere_in_a_city_s_name() -> None:
    """Each district of Lima and Callao, each capital of a department: any letter lost, doubled or
    swapped; of a thousand such answers, 98 in a hundred name the place or offer it."""
    told, missed = 0, []
    for one in all_places().values():
        name = one.name.lower()
        if len(name) < 7 or not (one.prefix[:4] in ("1501", "0701") or one.prefix[2:] == "0101"):
            continue
        meant = set(codes(find(name, is_answer=True)))
        for at in range(1, len(name) - 1):
            lost, doubled = name[:at] + name[at + 1 :], name[: at + 1] + name[at:]
            swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
            for slip in {lost, doubled, swapped} - {name}:
                told += 1
                if not meant & set(codes(find(slip, is_answer=True))):
                    missed.append((name, slip))
    assert told > 1000
    assert len(missed) <= told * 0.02, missed


def test_ambiguous_names_give_every_candidate() -> None:
    """Ten districts are called Santa Rosa: all are offered, each with a label of its own."""
    found = find("santa rosa", is_answer=True)
    assert len(found) == 10
    assert len({one.label for one in found}) == 10
    assert "Santa Rosa (Puno, Melgar)" in {one.label for one in found}


def test_within_narrows() -> None:
    """A region chosen before leaves only its own candidates."""
    assert codes(find("santa rosa", within="210000")) == ["210504", "210808"]
    assert codes(find("miraflores", within="1501", is_answer=True)) == ["150122"]


def test_every_official_name_leads_back() -> None:
    """Each of the 2,112 names, given its region, answers with that place or with the one
    around or inside it that people mean by it (Huamanga, the city)."""
    for one in all_places().values():
        found = find(one.name, within=one.ubigeo[:2], is_answer=True)
        assert any(
            other.prefix.startswith(one.prefix) or one.prefix.startswith(other.prefix)
            for other in found
        ), one


@pytest.mark.parametrize("ubigeo", ["160101", "150132", "080101", "211101", "240101"])
def test_nearest_is_the_district_itself(ubigeo: str) -> None:
    """A position at the centre of a district is in that district."""
    one = place(ubigeo)
    found = nearest(one.lat, one.lon)
    assert found is not None
    assert found.ubigeo == ubigeo


@pytest.mark.parametrize(
    ("lat", "lon"), [(40.4, -3.7), (0.0, 0.0), (-33.4, -70.7), (4.6, -74.1), (91.0, 0.0)]
)
def test_nearest_is_none_abroad(lat: float, lon: float) -> None:
    """Madrid, the sea, Santiago, Bogotá and an impossible latitude are not in Peru."""
    assert nearest(lat, lon) is None


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_survived(text: str, is_answer: bool) -> None:
    """Whatever is typed, the answer is a list without repetition."""
    found = codes(find(text, is_answer=is_answer))
    assert len(found) == len(set(found))


@settings(max_examples=40)
@given(st.floats(-18.3, -0.1), st.floats(-81.3, -68.7), st.integers(1, 80))
def test_the_nearest_few_are_the_first_of_the_walk(lat: float, lon: float, most: int) -> None:
    """The quick way finds what walking outwards finds, in the same order."""
    districts = [one for one in all_places().values() if one.level == "district"]
    tree = Tree([(point(one.lat, one.lon), one) for one in districts])
    walked = list(islice(tree.walk(point(lat, lon)), most))
    found = tree.nearest(point(lat, lon), most)
    assert [one for _, one in found] == [one for _, one in walked]
    assert [km for km, _ in found] == pytest.approx([km for km, _ in walked])


@given(st.floats(-18.3, -0.1), st.floats(-81.3, -68.7))
def test_nearest_agrees_with_looking_at_all(lat: float, lon: float) -> None:
    """The tree finds what a scan over all districts finds."""
    here = point(lat, lon)
    districts = [one for one in all_places().values() if one.level == "district"]
    best = min(distance_km(here, point(one.lat, one.lon)) for one in districts)
    found = nearest(lat, lon)
    if found is None:
        assert best > 60
    else:
        assert distance_km(here, point(found.lat, found.lon)) == pytest.approx(best, abs=1e-6)
