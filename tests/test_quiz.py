"""The quiz without a page: statistics, rounds, tokens, pictures, packs."""

import io
import struct
import zipfile
import zlib
from math import sqrt

import numpy as np
import pytest
from PIL import Image, ImageCms
from scipy import stats

from demos.quiz import faces, hints, pack, pictures, rounds, scores
from tests import quiz_pack
from tests.answers import set_clock


def face(seed: int, source: str = "x") -> faces.Face:
    return faces.Face(pictures.encoded(np.asarray(quiz_pack.head(seed))), source)


@pytest.fixture(scope="module")
def deck() -> faces.Deck:
    real, made = ([face(k + 1000 * j, "rm"[j]) for k in range(45)] for j in range(2))
    return faces.Deck("", quiz_pack.SIDE, faces.shuffled(real), faces.shuffled(made))


# Statistics.


@pytest.mark.parametrize("counts", [(0, 5, 5, 5), (9, 10, 2, 8), (50, 60, 12, 40), (3, 3, 0, 1)])
def test_d_prime_is_that_of_scipy(counts):
    hits, real, false_alarms, made = counts
    h, f = (hits + 0.5) / (real + 1), (false_alarms + 0.5) / (made + 1)
    z = stats.norm.ppf([h, f])
    variance = np.sum(
        np.array([h * (1 - h), f * (1 - f)]) / np.array([real, made]) / stats.norm.pdf(z) ** 2
    )
    d, c = scores.sensitivity(*counts)
    assert d.value == pytest.approx(z[0] - z[1]) and c.value == pytest.approx(-z.mean())
    assert d.high - d.low == pytest.approx(2 * stats.norm.ppf(0.975) * sqrt(variance))
    assert c.high - c.low == pytest.approx((d.high - d.low) / 2)


def test_d_prime_by_hand():
    """84 of 100 and 15 of 99 after the correction: z(.841) = 1 and z(.159) = -1, nearly."""
    d, c = scores.sensitivity(84, 99, 15, 99)
    assert d.value == pytest.approx(2.03, abs=0.02) and c.value == pytest.approx(0.0, abs=0.02)
    with pytest.raises(ValueError, match="at least one"):
        scores.sensitivity(0, 0, 1, 2)
    with pytest.raises(ValueError):
        scores.sensitivity(3, 2, 1, 2)


def test_the_interval_of_d_prime_covers_what_it_should():
    """2,000 players whose true d' is 1, 60 faces of each kind: about 95 in 100 intervals hold it."""
    rng = np.random.default_rng(0)
    h, f = stats.norm.cdf(0.5), stats.norm.cdf(-0.5)
    held = [
        e.low <= 1 <= e.high
        for a, b in zip(rng.binomial(60, h, 2000), rng.binomial(60, f, 2000), strict=True)
        for e in scores.sensitivity(a, 60, b, 60)[:1]
    ]
    assert 0.93 < np.mean(held) < 0.975


def test_a_guesser_and_a_perfect_player():
    rng = np.random.default_rng(1)
    guess = [scores.Judged(bool(r), bool(s), 60, "x") for r, s in rng.integers(0, 2, (60, 2))]
    d, _ = scores.of_player(guess)
    assert d.low < 0 < d.high
    perfect = [scores.Judged(k % 2 == 0, k % 2 == 0, 100, "x") for k in range(30)]
    d, c = scores.of_player(perfect)
    assert d.low > 0 and c.value == pytest.approx(0)
    backwards = [scores.Judged(k % 2 == 0, k % 2 == 1, 100, "x") for k in range(30)]
    assert scores.of_player(backwards)[0].high < 0
    assert scores.of_player(perfect[:1]) is None


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (3, 10), (1, 1), (400, 900)])
def test_shares_are_wilsons(right, n):
    wanted = stats.binomtest(right, n).proportion_ci(method="wilson")
    got = scores.share(right, n)
    assert (got.low, got.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_calibration_and_sources_by_hand():
    rows = [
        (True, True, 50, "a"),
        (True, False, 55, "a"),
        (False, False, 100, "b"),
        (False, True, 90, "b"),
    ]
    judged = [scores.Judged(*row) for row in rows]
    bins = scores.calibration(judged)
    assert [(sure, e.value, n) for sure, e, n in bins] == [(0.525, 0.5, 2), (0.95, 0.5, 2)]
    assert [(s, real, e.value, n) for s, real, e, n in scores.by_source(judged)] == [
        ("a", True, 0.5, 2),
        ("b", False, 0.5, 2),
    ]
    assert scores.streak([True, True, False, True]) == (1, 2) and scores.streak([]) == (0, 0)


# Rounds.


def test_a_round_is_a_function_of_a_secret_and_a_number(deck):
    again = faces.Deck(
        "", deck.side, deck.real, deck.made
    )  # another deck to the cache, the same faces
    for k in range(1, 6):
        assert rounds.deal("s", k, deck) == rounds.deal("s", k, again)
    for other in (rounds.deal("t", 1, deck), rounds.deal("s", 2, deck)):
        assert other.pictures != rounds.deal("s", 1, deck).pictures


def test_half_of_all_faces_are_real_and_sometimes_none_is(deck):
    dealt = [rounds.deal("much", k, deck) for k in range(1, 501)]
    counts = np.bincount([sum(d.real) for d in dealt], minlength=4) / 500
    assert counts == pytest.approx(rounds.CHANCES, abs=0.07)
    by_place = np.mean([d.real for d in dealt], 0)
    assert by_place == pytest.approx([0.5] * 3, abs=0.08), "no place is special"
    for d in dealt:
        assert tuple(s == "r" for s in d.sources) == d.real
    first = [p for d in dealt[:15] for p in d.pictures]
    assert len(set(first)) == 45, "no face twice while there are others"


def test_every_round_takes_the_same_work(deck):
    """Timing: three real and three made faces are asked for, whatever is shown."""
    asked = []

    def counting(name, draw):
        return lambda secret, i: asked.append(name) or draw(secret, i)

    counted = faces.Deck("", deck.side, counting("real", deck.real), counting("made", deck.made))
    shown = set()
    for k in range(1, 30):
        asked.clear()
        shown.add(sum(rounds.deal("work", k, counted).real))
        assert asked == ["real"] * 3 + ["made"] * 3
    assert shown == {0, 1, 2, 3}


def test_what_the_player_sees_does_not_tell_the_answer(deck, monkeypatch):
    """With another key the same game has other answers: they agree as often as chance lets them."""
    monkeypatch.setattr(rounds, "KEY", b"one")
    games = [rounds.ticket("game0000", k, "standard") for k in range(1, 301)]
    ours = [rounds.deal(t.secret, t.number, deck).real for t in games]
    monkeypatch.setattr(rounds, "KEY", b"another")
    theirs = [rounds.deal(t.secret, t.number, deck).real for t in games]
    assert np.mean(np.array(ours) == np.array(theirs)) == pytest.approx(0.5, abs=0.07)


# Tokens.


def test_a_token_carries_its_round_and_nothing_else(monkeypatch):
    set_clock(monkeypatch, rounds, time=0.0)
    ticket = rounds.ticket("game0000", 7, "standard")
    text = rounds.token(ticket)
    assert (
        rounds.read(text) == ticket
        and rounds.token(rounds.ticket("game0000", 7, "standard")) == text
    )
    assert len(rounds.token(rounds.ticket("game0000", 450, "standard"))) == len(text)


def test_forged_and_old_tokens_are_refused(monkeypatch):
    set_clock(monkeypatch, rounds, time=0.0)
    text = rounds.token(rounds.ticket("game0000", 7, "standard"))
    body, _, signature = text.partition(".")
    other = rounds.token(rounds.ticket("game0001", 7, "standard"))
    forged = [
        f"{body}.{'0' * 64}",
        f"{other.partition('.')[0]}.{signature}",
        text[1:],
        "",
        "." * 100,
        None,
        7,
        text + "0",
    ]
    for wrong in [*forged, "ü" * 30 + "." + signature, body]:
        with pytest.raises(ValueError, match="not one that this server dealt"):
            rounds.read(wrong)
    for k in range(0, len(text), 9):
        changed = text[:k] + ("A" if text[k] != "A" else "B") + text[k + 1 :]
        with pytest.raises(ValueError):
            rounds.read(changed)
    set_clock(monkeypatch, rounds, time=rounds.LIFE + rounds.HOUR)
    assert rounds.read(text).game == "game0000"
    set_clock(monkeypatch, rounds, time=rounds.LIFE + rounds.HOUR + 1)
    with pytest.raises(ValueError, match="too old"):
        rounds.read(text)


def test_a_round_is_answered_once_and_memory_is_bounded(monkeypatch):
    set_clock(monkeypatch, rounds, time=0.0)
    answered = rounds.Answered(most=5)
    tickets = [rounds.ticket(f"game{k:04}", 1, "standard") for k in range(9)]
    for ticket in tickets:
        answered.once(ticket)
        with pytest.raises(ValueError, match="answered already"):
            answered.once(ticket)
    assert len(answered.known) == 5
    set_clock(monkeypatch, rounds, time=4 * 3600)
    answered.once(rounds.ticket("later000", 1, "standard"))
    assert len(answered.known) == 1, "what is too old to be answered is forgotten"


# Pictures.


def test_pictures_have_one_length_and_no_metadata():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "quince camera"
    plain = quiz_pack.file(5, "PNG")
    marked = quiz_pack.file(5, "PNG", exif=exif, icc_profile=profile)
    sent = [
        pictures.padded(pictures.encoded(pictures.square(pictures.unpack(d), 64)), 64)
        for d in (plain, marked)
    ]
    assert sent[0] == sent[1] and len(sent[0]) == pictures.length(64)
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    for picture in (noise, np.zeros((160, 160, 3), np.uint8), noise[:25, :25], noise[:64, :64]):
        side = len(picture)
        data = pictures.padded(webp := pictures.encoded(picture), side)
        assert len(data) == pictures.length(side) == 8 + struct.unpack("<I", data[4:8])[0]
        image = Image.open(io.BytesIO(data))
        assert image.size == (side, side) and not set(image.info) & {"exif", "icc_profile", "xmp"}
        assert (np.asarray(image) == np.asarray(Image.open(io.BytesIO(webp)))).all()


def test_nothing_in_a_file_says_where_its_picture_ends(monkeypatch):
    """One chunk of one size, its end random: neither packed nor by its headers does a long picture differ."""
    flat, busy = (np.full((96, 96, 3), 128, np.uint8), np.asarray(quiz_pack.head(1)))
    coded = [pictures.encoded(x) for x in (flat, busy)]
    sent = [pictures.padded(webp, 96) for webp in coded]
    assert len(coded[1]) > 1.5 * len(coded[0]) and sent[0][:20] == sent[1][:20]
    packed = [len(zlib.compress(data, 9)) for data in sent]
    assert min(packed) >= 0.98 * len(sent[0])
    assert len(zlib.compress(coded[0] + bytes(len(sent[0]) - len(coded[0])), 9)) < packed[0] / 2
    assert pictures.padded(coded[0], 96) == sent[0], "two equal pictures do not differ"
    monkeypatch.setattr(pictures, "FILLER", b"another server")
    assert pictures.padded(coded[0], 96) != sent[0], "nobody else can try where it ends"


def test_no_classifier_tells_by_bytes(shared_data):
    """On the pack that teachers will use: what is sent has one length, and what was encoded is matched."""
    deck = faces.read_pack(shared_data / "faces_quiz160.zip")
    real, made = ({draw("s", i).webp for i in range(600)} for draw in (deck.real, deck.made))
    assert min(len(real), len(made)) > 60
    for measure in (len, lambda w: len(pictures.padded(w, deck.side))):
        a, b = [measure(w) for w in real], [measure(w) for w in made]
        area = stats.mannwhitneyu(a, b).statistic / len(a) / len(b)
        assert area == pytest.approx(0.5, abs=0.05)
    with zipfile.ZipFile(shared_data / "faces_quiz160.zip") as archive:
        import hashlib

        known = {hashlib.sha256(archive.read(n)).hexdigest()[:16] for n in archive.namelist()}
    assert pack.left_out().keys() <= known and len(pack.left_out()) > 100


def test_pairs_are_alike():
    """Photographs that are darker and harder on the whole: of those that are kept no trait tells them apart."""
    rng = np.random.default_rng(0)

    def some(start: int, light: float) -> list[faces.Face]:
        heads = (np.asarray(quiz_pack.head(start + k, 64), float) for k in range(120))
        scaled = (x * rng.normal(light, 0.15) for x in heads)
        return [faces.Face(pictures.encoded(x.clip(0, 255).astype(np.uint8)), "x") for x in scaled]

    def areas(pair) -> list[float]:
        real, made = (np.array([faces.traits(f.webp) for f in group]) for group in pair)
        return [
            stats.mannwhitneyu(a, b).statistic / len(a) / len(b)
            for a, b in zip(real.T, made.T, strict=True)
        ]

    given = some(0, 0.75), some(1000, 0.95)
    kept = faces.matched(*given)
    assert areas(given)[1] < 0.3 and len(kept[0]) == len(kept[1]) > 30
    assert areas(kept) == pytest.approx([0.5] * 6, abs=0.1)
    assert {f.webp for f in kept[0]} <= {f.webp for f in given[0]}
    few = some(0, 0.75)[:39], some(1000, 0.95)
    assert faces.matched(*few) == few, "too few to choose from"


def test_hints_point_at_what_is_there():
    picture = np.full((160, 160, 3), 128, np.uint8)
    picture[100:125, 5:30] = np.random.default_rng(0).integers(0, 256, (25, 25, 3))
    left, top, width = hints.where(picture)
    assert (
        left * 160 <= 5
        and (left + width) * 160 >= 30
        and top * 160 <= 100
        and (top + width) * 160 >= 125
    )
    # A check pattern of every second pixel is the highest frequency: the corner of the spectrum.
    check = (
        (128 + 40 * (np.indices((160, 160)).sum(0) % 2 * 2 - 1))[..., None]
        .repeat(3, 2)
        .astype(np.uint8)
    )
    spectrum = hints.spectrum(check)[..., 0]
    assert spectrum.shape == (40, 40) and spectrum[0, 0] > 200 and np.median(spectrum) < 60
    for side in (25, 64):
        assert len(hints.where(np.asarray(quiz_pack.head(1, side)))) == 3
    assert "photograph" in hints.words(True, "StyleGAN2")
    assert "stride" in hints.words(False, "DCGAN")
    assert "stride" not in hints.words(False, "DCGAN", small=True)
