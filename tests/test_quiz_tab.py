"""The quiz over HTTP: what is sent before the answer, answers that count once, photos, packs from the Hub and made."""

import base64
import io
import json
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from demos.quiz import faces, pack, pictures, record, rounds
from tests import quiz_pack
from tests.answers import pictures as decoded
from tests.answers import set_clock
from tests.endpoints import HTTP, ask, check_message
from tests.portrait import data_url, portrait
from train import quiz_pack as builder

GAME = "0123456789abcdef"


def dealt(url: str, number: int, game: str = GAME, deck: str = "standard") -> dict:
    (value,), message = ask(url, "quiz_round", [game, number, deck], queued=bool(number % 2))
    assert message is None
    return value


def told(url: str, value: dict, picked: str = "", sure: int = 70) -> dict:
    got, message = ask(url, "quiz_answer", [value["token"], picked, sure])
    assert message is None, message
    return got[0]


def layers(body: bytes) -> list[bytes]:
    """A body, and whatever stands in it as base64, so that nothing hides in an encoding."""
    found, todo = [], [body]
    while todo:
        found.append(one := todo.pop())
        for text in re.findall(rb"[A-Za-z0-9+/_-]{16,}={0,2}", one):
            if len(text) % 4 == 0 and len(found) < 50:
                todo.append(base64.b64decode(text.replace(b"-", b"+").replace(b"_", b"/")))
    return found


def test_nothing_that_is_sent_tells_the_answer(quiz_url):
    """Bodies and headers of a hundred rounds, and the page: all as long as each other, no source, no name."""
    page = HTTP.get(quiz_url)
    bodies, heads, real = [], [], []
    for number in range(100, 200):
        body = json.dumps(dict(data=[GAME, number, "standard"]))
        options = dict(content=body, headers={"content-type": "application/json"})
        answer = HTTP.post(f"{quiz_url}/gradio_api/run/quiz_round", **options)
        bodies.append(re.sub(rb'"((average_)?duration)":[\d.e-]+', rb'"\1":0', answer.content))
        heads.append(
            {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
        )
        ticket = rounds.read(answer.json()["data"][0]["token"])
        real.append(sum(rounds.deal(ticket.secret, number, faces.standard_deck()).real))
    assert len(set(map(len, bodies))) == 1 and all(head == heads[0] for head in heads)
    assert set(real) == {0, 1, 2, 3}
    for body in [page.content, *bodies]:
        for layer in layers(body):
            for word in (quiz_pack.REAL, quiz_pack.MADE):
                assert word.encode() not in layer
    value = json.loads(bodies[0])["data"][0]
    assert value.keys() == {"token", "number", "deck", "side", "note", "problem", "pictures"}
    inside = json.loads(base64.urlsafe_b64decode(value["token"].partition(".")[0]))
    assert inside[:3] == [GAME, "0100", "standard"] and len(inside) == 4


def test_picture_bytes_beside_the_picture_are_equal(quiz_url):
    heads = set()
    for number in range(1, 8):
        for uri in dealt(quiz_url, number)["pictures"]:
            webp = base64.b64decode(uri.partition(",")[2])
            assert len(webp) == pictures.length(quiz_pack.SIDE)
            heads.add(webp[:20])  # the file's length and that of its only chunk, which ends with it
    (head,) = heads
    assert head[:4] + head[8:16] == b"RIFFWEBPVP8 "
    assert int.from_bytes(head[16:], "little") == pictures.length(quiz_pack.SIDE) - 20


def test_an_answer_counts_once_and_reveals(quiz_url):
    value = dealt(quiz_url, 1)
    assert dealt(quiz_url, 1) == value, "asked again, the same"
    reveal = told(quiz_url, value, "13", 80)
    assert reveal["number"] == 1 and reveal["sure"] == 80 and len(reveal["faces"]) == 3
    expected = [face["real"] == said for face, said in zip(reveal["faces"], (1, 0, 1), strict=True)]
    assert reveal["right"] == sum(expected)
    for face in reveal["faces"]:
        assert face["source"] == (quiz_pack.REAL if face["real"] else quiz_pack.MADE)
        left, top, width = face["where"]
        assert 0 <= left <= 1 - width and 0 <= top <= 1 - width and len(face["words"]) > 20
        assert decoded(face["spectrum"])[0].shape == (40, 40)
    for picked in ("13", "", "2"):
        _, message = ask(quiz_url, "quiz_answer", [value["token"], picked, 80])
        check_message(message, "answered already")
    _, message = ask(quiz_url, "quiz_answer", [dealt(quiz_url, 1)["token"], "2", 80])
    check_message(message, "answered already")
    told(quiz_url, dealt(quiz_url, 1, game="another0"))


@pytest.mark.parametrize("queued", [False, True])
def test_wrong_answers_change_nothing(quiz_url, queued, monkeypatch):
    value = dealt(quiz_url, 20 + queued)
    token = value["token"]
    for given, words in (
        ([token, "4", 70], "1, 2 and 3"),
        ([token, "124", 70], "1, 2 and 3"),
        ([token, "1", 49], "50 to 100"),
        ([token[:-1] + "g", "1", 70], "not one that this server dealt"),
        ([dealt(quiz_url, 30)["token"].partition(".")[0] + token[-65:], "1", 70], "not one"),
    ):
        got, message = ask(quiz_url, "quiz_answer", given, queued)
        assert got is None
        check_message(message, words)
    with monkeypatch.context() as later:
        set_clock(later, rounds, time=1e11)
        _, message = ask(quiz_url, "quiz_answer", [token, "1", 70], queued)
        check_message(message, "too old")
    told(quiz_url, value, "1")


def test_the_same_answer_from_everywhere_at_once_counts_once(quiz_url):
    from concurrent.futures import ThreadPoolExecutor

    token = dealt(quiz_url, 40)["token"]
    with ThreadPoolExecutor(8) as pool:
        got = list(
            pool.map(lambda k: ask(quiz_url, "quiz_answer", [token, str(k % 3 + 1), 70]), range(8))
        )
    assert sum(answer is not None for answer, _ in got) == 1


def test_a_teachers_photos(quiz_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uris = [data_url(portrait(angle)) for angle in (-9, -3, 3, 9)]
    nobody = data_url(Image.new("RGB", (320, 320), "teal"))
    (key,), _ = ask(quiz_url, "quiz_photos", [json.dumps([*uris, nobody])])
    seen = set()
    for number in range(1, 9):
        value = dealt(quiz_url, number, deck=key)
        assert "4 photos of yours" in value["note"] and value["side"] == quiz_pack.SIDE
        seen |= {face["source"] for face in told(quiz_url, value)["faces"]}
    assert seen == {"your photo", quiz_pack.MADE}
    assert not list(tmp_path.iterdir())
    large = "data:image/png;base64," + "A" * 500_000
    for bad, words in (
        ([*uris, "data:text/html;base64,PGI+"], "data URL"),
        ([*uris, "http://example.invalid/x.jpg"], "data URL"),
        ([*uris, "data:image/png;base64,@@@@"], "no picture"),
        ([*uris, large], "400 kB"),
        ([*uris[:2], nobody], "2 of 3 photos can be used, 3 are needed. No face"),
        (uris[:2], "3 to 40"),
        (uris * 11, "3 to 40"),
    ):
        got, message = ask(quiz_url, "quiz_photos", [json.dumps(bad)])
        assert got is None
        check_message(message, words)
    _, message = ask(quiz_url, "quiz_round", [GAME, 1, "photos-" + "0" * 24])
    check_message(message, "forgotten")


def test_the_record_says_what_was_played(quiz_url):
    one = dict(picked="12", sure=80, real="1", **{"from": ["CelebA", "<b>x</b>", "StyleGAN2"]})
    numbers, html = record.quiz_record(json.dumps([one] * 20))
    assert numbers["faces"] == 60 and numbers["right"] == 40 and numbers["streak"] == 0
    assert numbers["d_prime"][1] > 0 and "you can tell" in html
    assert [s["right"][0] for s in numbers["by_source"]] == [1, 0, 1]
    assert numbers["calibration"][0]["sure"] == 0.8 and "<b>x</b>" not in html
    over_http, _ = ask(quiz_url, "quiz_record", [json.dumps([one] * 20)])
    assert over_http[0] == json.loads(json.dumps(numbers))
    numbers, html = record.quiz_record("[]")
    assert numbers["d_prime"] is None and "your record begins here" in html
    only_made = dict(one, real="", **{"from": ["StyleGAN2"] * 3})
    numbers, html = record.quiz_record(json.dumps([only_made]))
    assert numbers["d_prime"] is None and "at least one real and one made face" in html
    for wrong in (
        dict(one, sure=30),
        dict(one, picked="5"),
        dict(one, **{"from": ["a"]}),
        dict(one, real=1),
    ):
        _, message = ask(quiz_url, "quiz_record", [json.dumps([wrong])])
        check_message(message)


# Packs: made, and from the Hub.


def test_a_pack_is_built_from_folders(tmp_path, command, capsys):
    for name, start in (("mine", 0), ("theirs", 100)):
        (tmp_path / name).mkdir()
        for k in range(5):
            exif = Image.Exif()
            exif[0x010F] = "quince camera"
            data = quiz_pack.file(start + k, "JPEG", 200, exif=exif)
            (tmp_path / name / f"holiday-{start + k}.jpg").write_bytes(data)
    out = tmp_path / "pack.zip"
    folders = ["--real", f"photos={tmp_path / 'mine'}", "--ai", f"gan={tmp_path / 'theirs'}"]
    command(builder.main, "--out", out, *folders, "--n", 4, "--side", 96)
    assert "real/photos: 4 faces" in capsys.readouterr().out
    with zipfile.ZipFile(out) as archive:
        for entry in archive.infolist():
            assert re.fullmatch(r"(real/photos|ai/gan)/000[0-3]\.webp", entry.filename)
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            image = Image.open(archive.open(entry))
            assert image.size == (96, 96) and not image.getexif()
    assert "4 photographs against 4" in faces.read_pack(out).note


def test_eyes_come_to_rest_at_the_target():
    picture = np.zeros((200, 200, 3), np.uint8)
    for x in (80, 120):  # two eyes: .4 and .6 of the width, .5 of the height
        picture[98:102, x - 2 : x + 2] = 255
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    side = 100
    grey = np.asarray(
        Image.open(io.BytesIO(builder.cut(file.getvalue(), (0.4, 0.6, 0.5), (0.3, 0.7, 0.4), side)))
    ).mean(2)
    left, right = (
        (part * np.arange(part.shape[1])).sum() / part.sum()
        for part in (grey[:, :50], grey[:, 50:])
    )
    height = (grey.sum(1) * np.arange(side)).sum() / grey.sum()
    assert (left, 50 + right, height) == pytest.approx((30, 70, 40), abs=1)
    with pytest.raises(ValueError, match="leaves the picture"):
        builder.cut(file.getvalue(), (0.3, 0.7, 0.4), (0.4, 0.6, 0.5), side)
    with pytest.raises(ValueError, match="smaller --side"):
        builder.cut(file.getvalue(), (0.4, 0.6, 0.5), (0.3, 0.7, 0.4), 160)


@pytest.mark.hub
def test_packs_and_pictures_come_from_the_hub(small_hub, tmp_path, monkeypatch):
    """A pack at its pinned commit; single pictures and a tar of a data set, the newest commit."""
    import tarfile

    data = quiz_pack.write(tmp_path / "p.zip", quiz_pack.heads(4, 4)).read_bytes()
    revision = small_hub.commit("datasets/me/faces", {"quiz/faces.zip": data})
    monkeypatch.setenv("QUIZ_PACK", f"me/faces@{revision}/quiz/faces.zip")
    monkeypatch.setattr(faces, "_ready", {})
    assert "4 photographs against 4" in faces.standard_deck().note
    for place in (f"me/faces@{'0' * 40}/quiz/faces.zip", f"me/other@{revision}/quiz/faces.zip"):
        with pytest.raises(ValueError, match=r"revision|not on the Hub"):
            pack.pack_file(place)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for k in (1, 2):
            info = tarfile.TarInfo(f"{k}.jpg")
            info.size = len(one := quiz_pack.file(k, "JPEG"))
            archive.addfile(info, io.BytesIO(one))
    files = {
        "images/1.jpg": quiz_pack.file(7, "JPEG"),
        "part-0.tar": tar.getvalue(),
        "README.md": b"x",
    }
    small_hub.commit("datasets/me/set", files)
    got = list(builder.from_hub("me/set", None))
    assert got == [files["images/1.jpg"], quiz_pack.file(1, "JPEG"), quiz_pack.file(2, "JPEG")]
