"""StyleGAN: a good value for each parameter, and those that it must refuse."""

import base64

import checkpoints
from tests.endpoints import choice, number, seed, text, whole
from tests.endpoints.vae import NOT_URLS

SHIPPED = checkpoints.MANIFEST["stylegan-faces"]["config"]
LAYERS = (
    2 * SHIPPED["size"].bit_length() - 4
)  # one at 4 x 4, two at each larger size, one of colours
W = base64.b64encode(bytes(2 * 128)).decode()  # 128 zeros, two bytes each
TOO_FEW, TOO_MANY, NAN, TOO_FAR = bytes(254), bytes(514), b"\0\x7e" * 128, b"\xff\x7b" * 128
NOT_W = [base64.b64encode(b).decode() for b in (TOO_FEW, TOO_MANY, NAN, TOO_FAR)]
NOT_W += ["<b>", "AAAA", "w1", "AAA"]
NOT_PEOPLE = ["", ",", "1,,2", "a", "-1", "10000", "1 2", "<b>", "٥", "1, " * 50 + "1"]
NOT_LAYERS = ["99", "-1", "0,,1", "a", "1.0", "<b>"]


def people(good: str):
    return text(good, "one for each layer", *NOT_PEOPLE)


def found(good: str):
    return text(good, "search for a face", *NOT_W, " ".join([W] * 9))


w = text(W, "search for a face", "", *NOT_W)
model = choice("stylegan-faces", "stylegan-faces", "ddpm-mnist")
psi = number(0.7, -1, 2)
ENDPOINTS = {
    "mix_styles": dict(
        rows=people("7, w1"),
        columns=people("52, 9"),
        layers=text("0, 1", "separated by commas", *NOT_LAYERS),
        psi=psi,
        found=found(W),
        model=model,
    ),
    "mixed_picture": dict(person=people("7"), psi=psi, found=found(""), model=model),
    "one_face": dict(
        person=people("7"),
        psi=psi,
        cutoff=whole(4, 0, LAYERS),
        noise=choice("new", "fixed, new, off"),
        noise_seed=seed(1),
        coarse=number(1, 0, 3),
        middle=number(0, 0, 3),
        fine=number(2.5, 0, 3),
        model=model,
    ),
    "stylegan_models": {},
    "stylegan_fetch_model": dict(
        name=choice("stylegan2-cat-256", "stylegan2-ffhq-1024", "stylegan-faces")
    ),
    "walk_faces": dict(seed_a=seed(7), seed_b=seed(24)),
    "face_film": dict(seed_a=seed(7), seed_b=seed(24)),
    "map_to_w": dict(seed=seed(7)),
    "find_face": dict(
        own=text("", "data URL", *NOT_URLS),
        seed=seed(7),
        steps=whole(20, 20, 400),
        space=choice("W", "W, W+"),
    ),
    "push_found": dict(w=w, direction=whole(1, 1, 6)),
    "found_picture": dict(w=w),
    "push_along": dict(
        seed=seed(7),
        method=choice("SeFa", "GANSpace, SeFa"),
        where=choice("Coarse", "All, Coarse"),
        reach=number(2, 0, 5),
    ),
    "work_through": dict(
        content=seed(7),
        style=seed(24),
        layer=whole(3, 0, LAYERS - 2),
        channel=whole(5, 0, min(SHIPPED["widths"]) - 1),
    ),
}
