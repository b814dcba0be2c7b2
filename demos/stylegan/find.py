"""Find a face: the w of a picture, searched from the mean face on, and where it lies among faces."""

import time
from collections.abc import Iterator
from functools import lru_cache

import gradio as gr
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from demos import photo as photos
from demos import ui
from demos.stylegan import network
from demos.stylegan.directions import COUNT
from demos.stylegan.latent import (
    PSI,
    along,
    generator,
    mean,
    pictures,
    text_of,
    w_in_text,
    w_of,
)
from demos.stylegan.network import SHIPPED
from models.images import noise, to_uint8
from models.projection import PRIOR, Spread, project, spread
from models.stylegan import truncate

TITLE = "Find a face"
SPACES = ("W", "W+")
FEWEST, MOST, STEPS = 20, 400, 200
DRAWS = 4000  # of z, for how w varies
PUSHES = 7
PATIENCE = 0.2  # seconds between two signs of life
LONGEST = 30  # seconds of a search on a busy machine; it ends there with what it has
LINE, LONGEST_WAIT = 9, 90  # searches that are under way or wait; seconds
_line: list[object] = []  # the one that computes, then those that wait, in the order they came

# What is computed.


@lru_cache(maxsize=1)
def around() -> Spread:
    return spread(generator(), noise((generator().latent,), range(20_000, 20_000 + DRAWS)))


def target(own: str, seed: int) -> tuple[Tensor, str]:
    """The picture that is looked for, and what it is. -> (1, 3, size, size) in [-1, 1]. Raises ValueError."""
    if own == "":
        ws = along(w_of([seed]))
        return generator().synthesis(ws, generator().noise()), f"The face of seed {seed}"
    aligned, both_eyes = photos.face(own)
    x = torch.from_numpy(aligned).permute(2, 0, 1)[None].float() / 127.5 - 1
    note = "" if both_eyes else "; an eye was not found and is placed by the face"
    return F.interpolate(x, size=(generator().size,) * 2, mode="area"), f"Your photo{note}"


def find_face(own: str, seed: int, steps: int, space: str) -> Iterator[dict]:
    """Search the w of a face, from the mean face on. own: a photo of one face as a data URL, or "" for that of a seed.

    seed: 0 to 9999. steps: 20 to 400. space: W, one w for all layers, or W+, a w for each layer.

    Streams the picture looked for and the face so far, how far apart they are after each step (root mean square, in
    grey levels), how far w is from the mean (in deviations), and w as text. One search runs at a time; until its turn
    the answer says how many come before. The photo is kept nowhere.
    """
    seed, steps = ui.seed(seed), ui.whole(steps, "Steps", FEWEST, MOST)
    ui.choice(space, "Space", SPACES)
    x, what = target(own, seed)
    value = dict(
        target=ui.data_uri(to_uint8(x, -1, 1)),
        what=what,
        steps=steps,
        space=space,
        waiting=0,
        errors=[],
        ms=0,
    )
    yield value | shown(mean()[None, None].expand(1, generator().layers, -1))
    mine, came = object(), time.monotonic()
    _line.append(mine)
    try:
        if len(_line) > LINE:
            raise ValueError(f"{LINE - 1} searches wait already: try again in a minute.")
        while before := _line.index(mine):
            if time.monotonic() - came > LONGEST_WAIT:
                raise ValueError("Too many faces are being looked for: try again in a minute.")
            yield value | dict(waiting=before)
            time.sleep(PATIENCE)
        start = told = time.monotonic()
        search = project(
            generator(),
            around(),
            x,
            steps,
            torch.Generator().manual_seed(seed),
            per_layer=space == "W+",
        )
        for k, (ws, error) in enumerate(search):
            value["errors"].append(round(127.5 * error**0.5, 2))
            now = time.monotonic()
            if now - start > LONGEST:
                break
            if now - told > PATIENCE and k < steps:
                told = now
                yield value | shown(ws) | dict(ms=round(1000 * (now - start) / (k + 1), 1))
        yield value | shown(ws) | dict(ms=round(1000 * (now - start) / (k + 1), 1), done=True)
    finally:
        _line.remove(mine)


def shown(ws: Tensor) -> dict:
    """What is sent of a w: its picture, its distance from the mean, and the text that it is kept as.

    ws: (1, layers, latent). Every view draws at psi, so what is kept is the w that gives this face there.
    """
    (kept,) = truncate(ws, mean(), 1 / PSI)
    same = bool((kept == kept[0]).all())
    return dict(
        face=ui.data_uri(pictures(ws)),
        distance=round(around().distance(ws), 3),
        w=text_of(kept[:1] if same else kept),
    )


def at_psi(w: str) -> Tensor:
    """-> (1, layers, latent). Raises ValueError."""
    return truncate(w_in_text(w)[None], mean(), PSI)


def push_found(w: str, direction: int) -> str:
    """A face that was found, pushed along one of the six directions in which w varies most. w: as find_face answers.

    direction: 1 to 6. Returns seven faces, from -3 to 3 deviations, as HTML.
    """
    ws = at_psi(w)
    axis = around().axes[ui.whole(direction, "Direction", 1, COUNT) - 1]
    pushes = torch.linspace(-3, 3, PUSHES)
    drawn = pictures(ws + pushes[:, None, None] * axis)
    return (
        f"<div class='stills'><figure>{ui.photo(drawn, f'{PUSHES} faces along direction {direction}', PUSHES, None)}"
        f"<figcaption>Pushed along direction {direction:g} by -3 to 3 deviations of w; as found in the middle"
        "</figcaption></figure></div>"
    )


def found_picture(w: str) -> str:
    """A face that was found, to take home: a PNG as a data URI that says "AI-generated" inside.

    w: as find_face answers.
    """
    (drawn,) = pictures(at_psi(w))
    return ui.ai_png(drawn, max(1, 512 // len(drawn)), "a StyleGAN2, searched for a picture")


def beginning(own: str, seed: int, steps: int, space: str) -> tuple[dict, str]:
    """Before the first step: what is looked for, and the mean face with its w."""
    first = next(find_face(own, seed, steps, space))
    return first, first["w"]


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    ui.headline(
        "Is there a w for this face?",
        "Start at the mean face and follow the slope, step by step. Try your own: of you it finds a cousin, since this "
        "generator knows celebrities only.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("stylegan", 7, "find", "Seed of the face")
            with gr.Row(elem_classes="two-buttons"):
                start = gr.Button("Find it", variant="primary", min_width=0)
                stop = gr.Button("Stop", min_width=0)
            steps = ui.slider("stylegan", "find-steps", "Steps", FEWEST, MOST, STEPS)
            space = gr.Radio(
                [("One w (W)", "W"), ("One a layer (W+)", "W+")],
                value="W",
                label="What is searched",
                elem_id="stylegan-space",
            )
            own = ui.canvas("photo", "", "own-face-to-find", done_with_it="looked for")
        with ui.stage():
            canvas = ui.canvas(
                "projection", None, "projection", size=network.size(SHIPPED), psi=PSI
            )
            direction = ui.slider("stylegan", "pushing", "Push it along direction", 1, COUNT, 1)
            strip = ui.html("", elem_id="found-pushed")
        ui.words(
            see=(
                "Left, the face that is looked for; beside it, the face so far. The curve is how far they are apart.",
                "Most of the way is done in the first steps.",
                "One w for all layers stays among faces; a w for each layer comes nearer, and leaves them more easily.",
            ),
            steps={
                "search": "Find another face, or your own",
                "push": "Push what was found along a direction",
                "found": "Mix it with others",
            },
        )
    searched = f"on average, of {measured['searches']} faces drawn at psi 0.7, {measured['search_steps']} steps"
    ui.strip(
        [
            (f"{measured['found_grey_levels']:.1f} grey levels", f"away ends a search, {searched}"),
            (f"{measured['mean_face_grey_levels']:.0f}", "away begins it, at the mean face"),
            (f"{measured['another_face_grey_levels']:.0f}", "away is some other face"),
        ]
    )
    ui.mathematics(MATHEMATICS)
    file = ui.html("", visible=False)
    w = gr.Textbox("", visible="hidden", label="The w that was found")
    ui.first(beginning, [own, seed, steps, space], [canvas, w])
    ui.first(push_found, [w, direction], [strip])
    # Who comes before is said by the answers themselves, so none may wait in Gradio's own line, which is silent.
    running = ui.on(
        [start.click, own.input, canvas.apply],
        find_face,
        [own, seed, steps, space],
        canvas,
        concurrency_limit=LINE + 1,
    )
    stopped = stop.click(None, cancels=[running], queue=False, api_visibility="private")
    newest = "(value) => value.w"
    ui.on(direction.input, push_found, [w, direction], strip)
    for event in (running.then, stopped.then):
        come = ui.in_page(event, newest, canvas, w)
        ui.on(come.then, push_found, [w, direction], strip, api_visibility="private")
    ui.in_page(direction.input, "() => gml.did(document.querySelector('#projection'), 'push')")
    ui.in_page(seed.input, "() => ''", None, own)  # another face is meant: the photo is let go
    seen = ui.in_page(canvas.select, newest, canvas, w)  # in the middle of a search too
    made = ui.on(seen.then, found_picture, w, file)
    ui.in_page(made.success, "(uri) => gml.save(uri, 'stylegan-ai-generated-found.png')", file)
    ui.link("stylegan", find=seed, space=space, **{"find-steps": steps})


MATHEMATICS = r"""
The $\mathbf{w}$ whose picture is nearest, among those that are not far from the mean face:

$$\mathbf{a}^* = \arg\min_{\mathbf{a}} \; \tfrac{1}{n} \lVert g(\mathbf{w}) - \mathbf{x} \rVert^2
+ \lambda\, \tfrac{1}{d} \lVert \mathbf{a} \rVert^2, \qquad
\mathbf{w} = \bar{\mathbf{w}} + \mathbf{V} \mathbf{S}\, \mathbf{a}, \qquad \lambda = PRIOR$$

$\mathbf{V} \mathbf{S}^2 \mathbf{V}^\top$ is the covariance of $\mathbf{w}$, so $\mathbf{a}$ counts deviations and
$\mathbf{a} = \mathbf{0}$ is the mean face. Adam goes down this slope; noise on $\mathbf{a}$, which fades, keeps it from
settling too early. The curve shows, in grey levels,

$$127.5\, \sqrt{\tfrac{1}{n} \lVert g(\mathbf{w}) - \mathbf{x} \rVert^2}$$

W+ searches an $\mathbf{a}$ for each layer (Abdal 2019, arXiv:1904.03189): more numbers to turn, and styles together
that no single $\mathbf{z}$ would give. The paper of StyleGAN2 compares features of a network in place of pixels
(Karras 2019, arXiv:1912.04958).
""".replace("PRIOR", f"{PRIOR:g}")
