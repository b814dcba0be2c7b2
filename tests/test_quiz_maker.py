"""Name the maker: faces made alike, rounds that tell nothing, what gives a maker away, d' of each pair."""

import base64
import io
import json
import re
import runpy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from checkpoints.faces import PSI, Generator
from demos import quiz
from demos.quiz import confusion, games, lineup, maker, pictures, room, rounds, scores
from tests.answers import pictures as decoded
from tests.class_server import deal
from tests.endpoints import HTTP, ask, check_message

GAME = "0123456789abcdef"
NAMES = ["VAE", "DCGAN", "StyleGAN2"]


def dealt(url: str, number: int, game: str = GAME) -> dict:
    (value,), message = ask(url, "maker_round", [game, number])
    assert message is None
    return value


# Faces made alike.


def test_what_more_pixels_hold_is_gone():
    """A picture of 64 pixels is shown as the 32 that are left of it would be, to the last byte."""
    rng = np.random.default_rng(0)
    few = rng.integers(0, 64, (32, 32, 3), dtype=np.uint8) * 4
    fine = rng.integers(-60, 60, (32, 32, 3)) * (few > 60) * (few < 190)
    many = few.repeat(2, 0).repeat(2, 1).astype(int)
    for row, column, sign in ((0, 0, 1), (0, 1, -1), (1, 0, -1), (1, 1, 1)):
        many[row::2, column::2] += sign * fine
    many = many.astype(np.uint8)
    assert (many != few.repeat(2, 0).repeat(2, 1)).any()
    shown = lineup.alike(many, 32)
    assert (shown == lineup.alike(few, 32)).all() and (shown == pictures.enlarged(few, 256)).all()
    assert (lineup.alike(many, 64) != shown).any()


def test_every_maker_is_brought_to_the_size_of_the_smallest():
    assert [m.title for m in lineup.makers()] == NAMES
    assert {m.size for m in lineup.makers()} == {32, 64} and lineup.smallest() == 32
    for face_by in zip(*lineup._drawn(0), strict=True):
        shapes = {np.asarray(Image.open(io.BytesIO(f.alike))).shape for f in face_by}
        assert shapes == {(lineup.SIDE, lineup.SIDE, 3)}
        assert [f.size for f in face_by] == [64, 64, 32]
        assert [f.own == f.alike for f in face_by] == [False, False, True]


def fine_and_contrast(x: np.ndarray) -> tuple[float, float]:
    """Medians over pictures, in grey levels: what four neighbours do not tell, and the spread. x: (n, 32, 32, 3)."""
    grey = x.astype(float).mean(3)
    inner, beside = grey[:, 1:-1, 1:-1], (grey[:, :-2, 1:-1], grey[:, 2:, 1:-1])
    fine = inner - sum((*beside, grey[:, 1:-1, :-2], grey[:, 1:-1, 2:])) / 4
    return float(np.median(fine.std((1, 2)))), float(np.median(grey.std((1, 2))))


def test_what_is_said_to_give_a_maker_away_is_so():
    drawn = {m.title: m.sample(range(5000, 5100), PSI) for m in lineup.makers()}
    assert drawn.keys() == lineup.GIVES_AWAY.keys()
    few = {
        name: [np.asarray(Image.fromarray(p).resize((32, 32), Image.Resampling.BOX)) for p in x]
        for name, x in drawn.items()
    }
    fine, contrast = zip(*(fine_and_contrast(np.array(few[name])) for name in NAMES), strict=True)
    assert fine[0] < 0.55 * min(fine[1:]), "VAE: half the fine detail"
    assert 0.8 < fine[1] / fine[2] < 1.25, "DCGAN: about as sharp as StyleGAN"
    assert contrast[1] < 0.9 * contrast[2], "and paler"

    def checks(x: np.ndarray) -> tuple[float, float]:
        """+ - + - in both directions, the same in all pictures; and what chance would leave of it."""
        grey = x.astype(float).mean(3)
        one = grey[:, ::2, ::2] - grey[:, 1::2, ::2] - grey[:, ::2, 1::2] + grey[:, 1::2, 1::2]
        chance = one.std(0) / np.sqrt(len(x)) * np.sqrt(2 / np.pi)
        return float(np.abs(one.mean(0)).mean()), float(chance.mean())

    (of_vae, _), (of_dcgan, chance) = (checks(drawn[name]) for name in NAMES[:2])
    assert of_dcgan > 2 * of_vae and of_dcgan > 2 * chance


# A round.


def test_a_round_tells_nothing_of_its_makers(app_url):
    bodies, by = [], []
    for number in range(100, 130):
        body = json.dumps(dict(data=[GAME, number]))
        options = dict(content=body, headers={"content-type": "application/json"})
        answer = HTTP.post(f"{app_url}/gradio_api/run/maker_round", **options)
        bodies.append(re.sub(rb'"((average_)?duration)":[\d.e-]+', rb'"\1":0', answer.content))
        ticket = rounds.read(answer.json()["data"][0]["token"])
        by.append(lineup.deal(ticket.secret, number).by)
    assert len(set(map(len, bodies))) == 1
    assert len(set(by)) > 10 and {m for three in by for m in three} == {0, 1, 2}
    assert any(len(set(three)) < 3 for three in by), "the others do not tell who is left"
    value = json.loads(bodies[0])["data"][0]
    assert value.keys() == {"makers", "lacking", "token", "number", "pictures"}
    inside = json.loads(base64.urlsafe_b64decode(value["token"].partition(".")[0]))
    assert inside[:3] == [GAME, "0100", maker.DECK] and len(inside) == 4
    for uri in value["pictures"]:
        assert len(base64.b64decode(uri.partition(",")[2])) == pictures.length(lineup.SIDE)


def test_a_round_is_the_same_again_and_another_in_another_game(app_url):
    assert dealt(app_url, 1) == dealt(app_url, 1)
    shown = [dealt(app_url, k)["pictures"] for k in (1, 2, 3)]
    assert len({uri for three in shown for uri in three}) == 9, "no face twice"
    assert dealt(app_url, 1, "another0")["pictures"] != shown[0]


def test_an_answer_counts_once_and_reveals(app_url):
    value = dealt(app_url, 41)
    by = lineup.deal(rounds.read(value["token"]).secret, 41).by
    said = "".join(str(m + 1) for m in (by[0], (by[1] + 1) % 3, by[2]))
    (told,), _ = ask(app_url, "maker_answer", [value["token"], said])
    assert told["made"] == [NAMES[m] for m in by] and told["right"] == 2
    assert told["said"] == [NAMES[int(digit) - 1] for digit in said]
    for face, name, uri in zip(told["faces"], told["made"], value["pictures"], strict=True):
        assert face["words"] == lineup.GIVES_AWAY[name]
        assert face["pixels"] == (32 if name == "StyleGAN2" else 64)
        (own,), (alike,) = decoded(face["own"]), decoded(uri)
        assert own.shape == alike.shape and (own != alike).any() == (face["pixels"] > 32)
    _, message = ask(app_url, "maker_answer", [value["token"], said])
    check_message(message, "answered already")


def test_a_token_answers_its_own_game_only(app_url):
    mine, other = (rounds.token(rounds.ticket(GAME, 50, deck)) for deck in (maker.DECK, "standard"))
    _, message = ask(app_url, "maker_answer", [other, "123"])
    check_message(message, "another game")
    _, message = ask(app_url, "quiz_answer", [mine, "1", 70])
    check_message(message)


def test_a_class_at_once_has_its_faces_drawn_once(monkeypatch):
    """Thirty phones: a sheet is drawn once for all of them, and no more sheets are kept than there are."""
    drawings = []

    def small(name: str) -> Generator:
        def sample(seeds, psi):
            drawings.append(name)
            return np.stack([np.full((8, 8, 3), seed % 251, np.uint8) for seed in seeds])

        return Generator(name, name, 8, sample)

    monkeypatch.setattr(lineup, "generators", lambda: [small("a"), small("b"), small("new")])
    assert lineup._sheet.cache_info().maxsize == lineup.POOL // lineup.SHEET
    monkeypatch.setattr(lineup, "POOL", 2 * lineup.SHEET)
    with ThreadPoolExecutor(30) as phones:
        got = list(phones.map(lambda k: lineup.deal(f"phone {k}", 1).by, range(30)))
    assert len(drawings) == 3 * 2
    assert {m for three in got for m in three} == {0, 1, 2}
    again = len(drawings)
    for k in range(30):
        lineup.deal(f"phone {k}", 1)
    assert len(drawings) == again
    lineup._sheet.cache_clear()


def test_a_generator_that_joins_the_manifest_joins_the_game(monkeypatch):
    ours = lineup.generators()
    flow = Generator("flow-faces", "Flow", 48, lambda seeds, psi: ours[0].sample(seeds, psi))
    monkeypatch.setattr(lineup, "generators", lambda: [flow, *ours])
    monkeypatch.setattr(lineup.checkpoints, "path", lambda name: None)
    monkeypatch.setattr(lineup, "POOL", lineup.SHEET)
    assert maker.opening() == dict(makers=[*NAMES, "Flow"], lacking="")
    by = {m for k in range(1, 20) for m in lineup.deal("s", k).by}
    assert by == {0, 1, 2, 3}
    token = maker.maker_round("joining00", 1)["token"]
    assert maker.maker_answer(token, "444")["said"] == ["Flow"] * 3
    lineup._sheet.cache_clear()


def test_with_one_generator_there_is_nothing_to_tell_apart(monkeypatch):
    monkeypatch.setattr(lineup, "generators", lambda: [])
    assert "at least are needed" in maker.opening()["lacking"]
    with pytest.raises(ValueError, match="at least are needed"):
        maker.maker_round(GAME, 1)


def test_it_opens_first_where_there_is_no_pack(monkeypatch):
    titles = {}
    for pack in ("", "faces.zip"):
        monkeypatch.setenv("QUIZ_PACK", pack)
        titles[pack] = [view.TITLE for view in runpy.run_path(quiz.__file__)["VIEWS"]]
    assert titles[""][0] == "Name the maker" and titles["faces.zip"][0] == "Real or made?"
    assert sorted(titles[""]) == sorted(titles["faces.zip"])


# With a class: a room's own faces.


@pytest.fixture
def small(monkeypatch):
    """Makers of one grey each, and what they have drawn."""
    drawings = []

    def maker(name: str) -> Generator:
        def sample(seeds, psi):
            drawings.append((name, *seeds))
            return np.stack([np.full((8, 8, 3), seed % 251, np.uint8) for seed in seeds])

        return Generator(name, name, 8, sample)

    monkeypatch.setattr(lineup, "generators", lambda: [maker(name) for name in NAMES])
    monkeypatch.setattr(lineup.checkpoints, "path", lambda name: None)
    lineup._alone.cache_clear()
    yield drawings
    lineup._alone.cache_clear()


def test_every_maker_draws_every_face_whoever_is_shown(small):
    """So that the time it takes says nothing; once for all who ask; and every maker comes up, two of a kind too."""
    by = [lineup.deal_alone("secret", k).by for k in range(1, 31)]
    assert [name for name, *_ in small] == NAMES * 30 and {len(seeds) for _, *seeds in small} == {3}
    seeds = [seed for _, *drawn in small for seed in drawn]
    assert len(set(seeds)) == len(seeds), "no face twice"
    assert {m for three in by for m in three} == {0, 1, 2} and any(len({*b}) < 3 for b in by)
    assert lineup.deal_alone("secret", 1).by == by[0] and len(small) == 90
    assert lineup.deal_alone("another", 1).faces != lineup.deal_alone("secret", 1).faces
    assert [lineup.deal("secret", k).by for k in range(1, 31)] == by, "as for one player"


def test_two_models_of_one_name_are_one_maker(small, monkeypatch):
    twice = [*lineup.generators(), lineup.generators()[0]]
    monkeypatch.setattr(lineup, "generators", lambda: twice)
    faces = deal("secret", 1, maker.DECK).faces
    order = [maker.title for maker in lineup.makers()]
    by = tuple(k for k, title in enumerate(order) if title == "VAE")
    kept = games.MAKER.kept(lineup.Dealt(faces, (*by, len(order) - 1)))
    assert kept["real"][:2] == "11" and kept["choices"].split("\t") == NAMES


def test_the_game_that_opens_first_for_one_is_chosen_for_a_class(monkeypatch):
    for pack, first, view in (("", "maker", quiz.maker), ("faces.zip", "play", quiz.play)):
        monkeypatch.setenv("QUIZ_PACK", pack)
        assert room.first() == first == view.__name__.rpartition(".")[2]
    assert {value for _, value in room.GAMES} == {games.PLAY.name, games.MAKER.name}


# d' of each pair.


def rounds_of(*named: tuple[str, str]) -> str:
    made, said = zip(*named, strict=True)
    cut = range(0, len(named), 3)
    return json.dumps([dict(made=made[k : k + 3], said=said[k : k + 3]) for k in cut])


def test_d_prime_of_a_pair_is_that_of_the_two_alone():
    named = [("VAE", "VAE")] * 7 + [("VAE", "DCGAN")] * 2 + [("DCGAN", "VAE")] * 3
    named += [("DCGAN", "DCGAN")] * 5
    wanted = scores.sensitivity(7, 9, 3, 8)[0]
    assert scores.between(named, "VAE", "DCGAN") == wanted
    other = scores.between(named, "DCGAN", "VAE")
    parts = zip(
        (wanted.value, wanted.low, wanted.high), (other.value, other.low, other.high), strict=True
    )
    assert all(a == pytest.approx(b) for a, b in parts), "whichever is called the signal"
    third = [("VAE", "StyleGAN2"), ("StyleGAN2", "VAE"), ("StyleGAN2", "StyleGAN2")] * 4
    assert scores.between(named + third, "VAE", "DCGAN") == wanted
    assert scores.between(third, "VAE", "DCGAN") is None


def test_the_record_is_a_matrix_and_a_distance_for_each_pair(app_url):
    named = [("VAE", "VAE")] * 6 + [("DCGAN", "StyleGAN2")] * 4 + [("DCGAN", "DCGAN")] * 2
    record = rounds_of(*named)
    numbers, html = confusion.maker_record(record)
    assert numbers["rounds"] == 4 and numbers["faces"] == 12 and numbers["right"] == 8
    assert numbers["matrix"]["DCGAN"] == {"VAE": 0, "DCGAN": 2, "StyleGAN2": 4}
    assert numbers["matrix"]["StyleGAN2"] == dict.fromkeys(NAMES, 0)
    pairs = {tuple(p["pair"]): p for p in numbers["d_prime"]}
    assert pairs["VAE", "DCGAN"]["faces"] == 8
    wanted = scores.sensitivity(6, 6, 0, 2)[0]
    assert pairs["VAE", "DCGAN"]["d_prime"][0] == pytest.approx(wanted.value, abs=1e-4)
    assert pairs["DCGAN", "StyleGAN2"]["d_prime"] is None
    assert "67%</b><span>4 of 6" in html and "no face of both yet" in html
    got, _ = ask(app_url, "maker_record", [record])
    assert got[0] == json.loads(json.dumps(numbers))
    assert "begins here" in confusion.maker_record("[]")[1]
    for wrong in ("[[]]", rounds_of(("VAE", "VAE")), rounds_of(*[("VAE", "Flow")] * 3)):
        _, message = ask(app_url, "maker_record", [wrong])
        check_message(message, "VAE, DCGAN, StyleGAN2")
