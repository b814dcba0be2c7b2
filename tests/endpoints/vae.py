"""Autoencoders: a good value for each parameter, and those that it must refuse."""

from tests.endpoints import Given, choice, drawing, number, seed, text, whole
from tests.portrait import data_url, portrait

NOT_URLS = ["<b>", "/etc/passwd", "data:text/html;base64,AAAA"]
SIXTY_FOUR = [f"{value * 63}0" for value in ("0,0,", "7,", "nan,", "1e999,", "x,")]
GRID = ", ".join(str(k) for k in range(49))
GRIDS = ["7", GRID + ", 7", GRID.replace("48", "128"), GRID.replace("0,", "-1,"), "nan", "1.5", "٥"]


def face(k: float) -> dict:
    """The face of a seed, or one of a photo as 64 numbers, and eight of its numbers set by hand."""
    own = text("", "64 numbers", "1", *SIXTY_FOUR)
    return dict(seed=seed(7), face=own) | {f"f{n}": number(k, -3, 3) for n in range(1, 9)}


def of_drawing(model: str) -> dict[str, Given]:
    return dict(drawing=drawing(), model=choice(model, "2-D, 16-D", "2", "2-d", "64-D"))


ENDPOINTS = {
    "side_by_side": dict(
        shown=choice("around a digit", "a point, draws from N(0, I), around a digit", "a digit"),
        z1=number(0.5, -3, 3),
        z2=number(-1, -3, 3),
        digit=whole(7, 0, 999),
        radius=number(0.3, 0, 1),
        seed=seed(0),
    ),
    "versus_sheets": {},
    "compress": dict(drawing=drawing()),
    "beta_vae": dict(beta=number(4, 0, 16), drawing=drawing(), seed=seed(0)),
    "style": dict(drawing=drawing(), digit=whole(3, 0, 9), seed=seed(9998)),
    "a_digit": dict(digit=whole(38, 0, 99)),
    "quantize": dict(
        drawing=drawing(),
        codes=text(GRID, "49 codes", *GRIDS, but=("null",)),
        place=whole(9, 0, 48),
    ),
    "write_codes": dict(
        kind=choice("digits", "digits", "digit"),
        digit=text("8", "any, 0, 1", "10", "8.0", "-1", "", "<b>"),
        seed=seed(7),
        temperature=number(1.0, 0.1, 2, "0", "0.0999"),
    ),
    "sheet": {},
    "decode_2d": dict(z1=number(-0.9, -3, 3), z2=number(1, -3, 3)),
    "decode_16d": {f"d{k + 1}": number(k / 8 - 1, -3, 3) for k in range(16)},
    "draw_16d": dict(seed=seed(7)),
    "own_digit": dict(own=whole(3, 0, 9)),
    "encode": of_drawing("2-D"),
    "close_gap": of_drawing("16-D") | dict(draws=whole(100, 1, 5000, "0", "1e9")),
    "measure_gradients": of_drawing("2-D") | dict(draws=whole(20, 10, 2000, "0", "1e9")),
    "reparameterize_2d": dict(
        mu1=number(0, -3, 3),
        mu2=number(1, -3, 3),
        sigma1=number(0.4, 0, 1.5),
        sigma2=number(0, 0, 1.5),
        epsilon1=number(-3, -3, 3),
        epsilon2=number(0.5, -3, 3),
    ),
    "interpolate": dict(start=whole(3, 0, 9), end=whole(8, 0, 9), example=whole(4, 0, 99)),
    "interpolation_film": dict(start=whole(3, 0, 9), end=whole(8, 0, 9), example=whole(4, 0, 99)),
    "decode_face": face(0.5),
    "face_picture": face(0),
    "encode_photo": dict(photo=text(data_url(portrait()), "data URL", "", *NOT_URLS)),
    "example_face": {},
    "face_walk": dict(seed_a=seed(7), seed_b=seed(21)),
    "why_blurred": dict(seed=seed(7), kept=whole(6, 0, 64)),
}
