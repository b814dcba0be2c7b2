"""What the app answers to over HTTP: a good question to each endpoint, and values that each parameter must refuse."""

import base64
import json
import re

import httpx

from tests.portrait import data_url, portrait

PIXELS = 784
DRAWING = ("0" * 12 + "11" + "0" * 14) * 14 + "0" * (PIXELS // 2)  # a stroke down the top half
PHOTO = data_url(portrait())
W = base64.b64encode(bytes(2 * 128)).decode()  # 128 zeros, two bytes each
GOOD = {
    "draw": dict(seed=7, temperature=1.0, flips=""),
    "film": dict(seed=7, temperature=1.0, flips=""),
    "complete": dict(drawing=DRAWING, seed=7, temperature=1.0),
    "race": dict(seed=7),
    "look": dict(row=16, col=14, depth=3),
    "score": dict(drawing=DRAWING),
    "sheet": {},
    "decode_2d": dict(z1=-0.9, z2=1),
    "decode_16d": {f"param_{k}": k / 8 - 1 for k in range(16)},
    "draw_16d": dict(seed=7),
    "encode": dict(drawing=DRAWING),
    "reparameterize_2d": dict(mu1=0, mu2=1, sigma1=0.4, sigma2=0, epsilon1=-3, epsilon2=0.5),
    "interpolate": dict(start=3, end=8, example=4),
    "interpolation_film": dict(start=3, end=8, example=4),
    "decode_face": dict(seed=7, face="", **{f"param_{k}": 0.5 for k in range(2, 10)}),
    "face_picture": dict(seed=7, face="", **{f"param_{k}": 0 for k in range(2, 10)}),
    "encode_photo": dict(photo=PHOTO),
    "example_face": {},
    "face_walk": dict(seed_a=7, seed_b=21),
    "why_blurred": dict(seed=7, kept=6),
    "learn": dict(seed=4),
    "faces_picture": dict(seed=4),
    "gan_walk": dict(seed_a=2, seed_b=11),
    "gallery": {},
    "arithmetic": dict(a="1, 5, 9", b="2, 6", c="3"),
    "denoise": dict(seed=5, steps=4, eta=0.5, model="ddpm-mnist"),
    "diffusion_models": {},
    "diffusion_fetch_model": dict(name="ddpm-cifar10-32"),
    "denoising_film": dict(seed=5, steps=4, eta=0),
    "add_noise": dict(drawing=DRAWING, t=400, seed=3),
    "compare": dict(seed=5),
    "quiz_round": dict(game="a0b1c2d3e4", number=3, deck="standard"),
    # Not a token: that one can be answered once is told in tests/test_quiz_tab.py.
    "quiz_answer": dict(token="", picked="13", sure=70),
    "quiz_photos": dict(photos="[]"),
    "quiz_record": dict(record="[]"),
}
GOOD |= {
    "mix_styles": dict(rows="7, w1", columns="52, 9", layers="0, 1", psi=0.7, found=W, model="stylegan-faces"),
    "mixed_picture": dict(person="7", psi=0.7, found="", model="stylegan-faces"),
    "one_face": dict(
        person="7",
        psi=0.7,
        cutoff=4,
        noise="new",
        noise_seed=1,
        coarse=1,
        middle=0,
        fine=2.5,
        model="stylegan-faces",
    ),
    "stylegan_models": {},
    "stylegan_fetch_model": dict(name="stylegan2-cat-256"),
    "walk_faces": dict(seed_a=7, seed_b=24),
    "face_film": dict(seed_a=7, seed_b=24),
    "map_to_w": dict(seed=7),
    "find_face": dict(own="", seed=7, steps=20, space="W"),
    "push_found": dict(w=W, direction=1),
    "found_picture": dict(w=W),
    "push_along": dict(seed=7, method="SeFa", where="Coarse", reach=2),
    "work_through": dict(content=7, style=24, layer=3, channel=5),
}
SLOW = {
    *"film complete race encode interpolate interpolation_film denoise compare".split(),
    *"decode_face face_picture encode_photo why_blurred learn".split(),
    *"mix_styles one_face walk_faces face_film map_to_w push_along push_found find_face work_through".split(),
}
# Of a row of alike sliders only the ends: one loop of the handler reads them all.
INNER = {
    "decode_16d": {f"param_{k}" for k in range(1, 15)},
    "decode_face": {f"param_{k}" for k in range(3, 9)},
    "face_picture": {f"param_{k}" for k in range(3, 9)},
}
HUGE = '"' + "1" * 1_000_000 + '"'
NOT_NUMBERS = [*'NaN Infinity -Infinity "abc" null [] {} true "7" [7] 1e308 -1'.split(), HUGE]
NOT_DRAWINGS = ['""', '"01"', f'"{"2" * PIXELS}"', f'"{"١" * PIXELS}"', f'"{DRAWING}\\n"', HUGE]
NOT_DRAWINGS += ["5", "null", "[]", "{}", "NaN", "true", json.dumps([*DRAWING]), '"<b>1</b>"']
NOT_FLIPS = ["<img src=x onerror=alert(1)>", "1" * 10_000, "-5", "400, 300", "5, 5", "784"]
NOT_FLIPS = [json.dumps(text) for text in [*NOT_FLIPS, ", ".join(map(str, range(17))), "1\n2", "٥"]]
NOT_FLIPS += ["5", "[]", "{}", "NaN", "[1, 2]", "true", HUGE]
NOT_FAR_OUT = [*(v for v in NOT_NUMBERS if v != "-1"), "1e9", "-1e9", "3.01", "-3.01"]
# name: (what the message must say, values it must refuse)
BAD = {
    "seed": ("0 to 9999", [*NOT_NUMBERS, "1.5", "10000", "1" + "0" * 30]),
    "temperature": ("0.1 to 2", [*NOT_NUMBERS, "0", "5", "0.0999"]),
    "flips": ("0 to 783", NOT_FLIPS),
    "drawing": ("28 x 28", NOT_DRAWINGS),
    "row": ("0 to 27", [*NOT_NUMBERS, "28", "0.5"]),
    "col": ("0 to 27", [*NOT_NUMBERS, "28", "0.5"]),
    "depth": ("0 to 10", [*NOT_NUMBERS, "11", "2.5"]),
    "start": ("0 to 9", [*NOT_NUMBERS, "10", "0.5"]),
    "end": ("0 to 9", [*NOT_NUMBERS, "10", "0.5"]),
    "example": ("0 to 99", [*NOT_NUMBERS, "100", "0.5"]),
}
BAD |= {
    "steps": ("1 to 1000", [*NOT_NUMBERS, "0", "10000", "2.5"]),
    "t": ("0 to 999", [*NOT_NUMBERS, "1000", "0.5"]),
}
NOT_TEXTS = ["5", "null", "[]", "{}", "NaN", "true", '["1"]']
BAD |= {
    "game": ("8 to 40 small letters", [*NOT_TEXTS, '""', '"abc"', '"../../etc/x"', '"ABCDEFGH"', HUGE]),
    "number": ("1 to 500", [*NOT_NUMBERS, "0", "501", "1.5"]),
    "deck": ("standard", [*NOT_TEXTS, '""', '"photos-"', '"pack"', f'"photos-{"A" * 24}"', HUGE]),
    "token": ("not one that this server dealt", [*NOT_TEXTS, '"a.b"', f'"{"A" * 40}.{"0" * 64}"', HUGE]),
    "picked": ("1, 2 and 3", [*NOT_TEXTS, '"4"', '"11"', '"1234"', '"0"', '"1,2"', '"١"', HUGE]),
    "sure": ("50 to 100", [*NOT_NUMBERS, "49", "101", "70.5"]),
    "photos": ("3 to 40", [*NOT_TEXTS, '"[]"', '"[1, 2, 3]"', json.dumps("[" * 5000), HUGE]),
    "record": ("up to 500", [*NOT_TEXTS, '""', '"{}"', '"[1]"', '"[{}]"', json.dumps("[" * 5000), HUGE]),
}
NOT_FACES = [f'"{v * 63}0"' for v in ("0,0,", "7,", "nan,", "1e999,", "x,")] + ['"1"', HUGE, "5", "null", "[]"]
NOT_SEEDS = ['""', '"1, 2, 3, 4"', '"-1"', '"10000"', '"1.5"', '"٥"', '"1;2"', '"<b>"', HUGE, "5", "null", "[1]", "{}"]
NOT_PHOTOS = ['""', '"<b>"', '"/etc/passwd"', '"data:text/html;base64,AAAA"', "5", "null", "[]", "true", HUGE]
BAD |= {"face": ("64 numbers", NOT_FACES), "photo": ("data URL", NOT_PHOTOS)}
BAD |= {"kept": ("0 to 64", [*NOT_NUMBERS, "65", "0.5"])}
BAD |= {name: ("1 to 3 whole numbers", NOT_SEEDS) for name in "abc"}
BAD |= {name: BAD["seed"] for name in ("seed_a", "seed_b")}
BAD |= {"eta": ("0 to 1", [*NOT_NUMBERS, "1.01", "-0.1"])}
NOT_NAMES = ['""', '"../manifest"', '"google/ddpm-cifar10-32"', '"vae-mnist-2d"', '"<b>"', *NOT_NUMBERS]
BAD |= {
    "model": ("ddpm-mnist", NOT_NAMES),
    "name": ("ddpm-cifar10-32", [*NOT_NAMES, '"ddpm-mnist"']),
}
NOT_PEOPLE = ['""', '","', '"1,,2"', '"a"', '"-1"', '"10000"', '"1 2"', '"<b>"', '"٥"', f'"{"1, " * 50}1"', HUGE]
NOT_PEOPLE += ["5", "null", "[1]", "{}", "NaN", "true"]
NOT_LAYERS = ['"99"', '"-1"', '"0,,1"', '"a"', '"1.0"', '"<b>"', HUGE, "5", "null", "[0]", "{}", "NaN", "true"]
BELOW_0 = [v for v in NOT_NUMBERS if v != "-1"]
BAD |= {name: ("one for each layer", NOT_PEOPLE) for name in ("rows", "columns", "person")}
BAD |= {"layers": ("separated by commas", NOT_LAYERS), "psi": ("-1 to 2", [*BELOW_0, "-1.01", "2.1"])}
BAD |= {"cutoff": ("from 0 to", [*NOT_NUMBERS, "99", "0.5"]), "noise": ("fixed, new, off", NOT_NAMES)}
BAD |= {name: ("0 to 3", [*NOT_NUMBERS, "3.1"]) for name in ("coarse", "middle", "fine")}
BAD |= {"method": ("GANSpace, SeFa", NOT_NAMES), "where": ("All, Coarse", NOT_NAMES)}
TOO_FEW, TOO_MANY, NAN, TOO_FAR = bytes(254), bytes(514), b"\0\x7e" * 128, b"\xff\x7b" * 128
NOT_W = [json.dumps(base64.b64encode(b).decode()) for b in (TOO_FEW, TOO_MANY, NAN, TOO_FAR)]
NOT_W += [*NOT_TEXTS, '"<b>"', '"AAAA"', '"w1"', '"AAA"', HUGE]
BAD |= {"w": ("search for a face", [*NOT_W, '""'])}
BAD |= {"found": ("search for a face", [*NOT_W, json.dumps(" ".join([W] * 9))])}
BAD |= {"own": ("data URL", [v for v in NOT_PHOTOS if v != '""'])}
BAD |= {"find_face.steps": ("20 to 400", [*NOT_NUMBERS, "19", "401", "2.5"]), "space": ("W, W+", NOT_NAMES)}
BAD |= {"direction": ("1 to 6", [*NOT_NUMBERS, "0", "7", "1.5"])}
BAD |= {f"{name}.model": ("stylegan-faces", NOT_NAMES) for name in ("mix_styles", "mixed_picture", "one_face")}
BAD |= {"stylegan_fetch_model.name": ("stylegan2-ffhq-1024", [*NOT_NAMES, '"stylegan-faces"'])}
BAD |= {"reach": ("0 to 5", [*NOT_NUMBERS, "5.1"])}
BAD |= {name: ("from 0 to", [*NOT_NUMBERS, "9999", "0.5"]) for name in ("layer", "channel")}
BAD |= {name: BAD["seed"] for name in ("noise_seed", "content", "style")}
BAD |= {f"sigma{k}": ("0 to 1.5", [*NOT_NUMBERS, "1.51"]) for k in (1, 2)}
BAD |= {f"{name}{k}": ("-3 to 3", NOT_FAR_OUT) for name in ("z", "mu", "epsilon") for k in (1, 2)}
BAD |= {f"param_{k}": ("-3 to 3", NOT_FAR_OUT) for k in range(16)}


HTTP = httpx.Client(timeout=60)  # one for all: making one costs as much as an answer


def ask(url: str, name: str, data: str | list | dict, queued: bool = False):
    """(the answer, None) or (None, the message). data: what is sent, as JSON text or to become it."""
    if isinstance(data, dict):
        data = list(data.values())
    body = '{"data": %s}' % (data if isinstance(data, str) else json.dumps(data))
    options = dict(headers={"content-type": "application/json"})
    if not queued:
        answer = HTTP.post(f"{url}/gradio_api/run/{name}", content=body, **options)
        content = answer.json()
        return (content["data"], None) if answer.status_code == 200 else (None, content["error"])
    answer = HTTP.post(f"{url}/gradio_api/call/{name}", content=body, **options)
    if answer.status_code != 200:
        return None, answer.json()["detail"]
    stream = HTTP.get(f"{url}/gradio_api/call/{name}/{answer.json()['event_id']}").text
    event, content = re.findall(r"event: (complete|error)\ndata: (.*)\n", stream)[-1]
    content = json.loads(content)
    return (content, None) if event == "complete" else (None, (content or {}).get("error"))


def check_message(message: str | None, allowed: str = "") -> None:
    assert isinstance(message, str) and allowed in message and 10 < len(message) <= 300
    assert "\n" not in message and "Traceback" not in message and " object at 0x" not in message
    assert not re.search(r"[\w.]*/[\w.]+/[\w.]+|\.py\b|\w+Error\b", message), message
