"""Style mixing: rows of faces, columns of faces, and each row's face in some layers of each column's style."""

import re
import time
from collections.abc import Iterator

import gradio as gr
import numpy as np
import torch
from torch import Tensor

import checkpoints
from demos import model_switch, ui
from demos.likeness import likeness
from demos.stylegan import network
from demos.stylegan.latent import (
    PSI,
    fitting,
    found_in_text,
    groups,
    people,
    pictures,
    quality,
    sizes,
    styles,
)
from demos.stylegan.network import SHIPPED
from models.images import grid
from models.stylegan import mix

TITLE = "Style mixing"
MOST = 8  # rows, columns
CELL = 192  # pixels along a side of a face in the matrix, at most
BLANK = 128  # the grey of one that is not drawn yet
ROWS, COLUMNS = "7, 24, 3, 41", "52, 9, 33, 60"


# What is computed.


def layers_in_text(text: str, model: str = SHIPPED) -> list[int]:
    """Layers from text, separated by commas; none is allowed. Raises ValueError."""
    last = network.layers(model) - 1
    tokens = (
        [t.strip() for t in text.split(",")] if isinstance(text, str) and len(text) < 200 else ["?"]
    )
    tokens = [] if tokens == [""] else tokens
    if not all(re.fullmatch("[0-9]{1,2}", t) and int(t) <= last for t in tokens):
        raise ValueError(
            f"Layers are whole numbers from 0 to {last}, separated by commas, or none."
        )
    return sorted({int(t) for t in tokens})


def found_for(model: str, found: str) -> dict[str, Tensor]:
    if found and model != SHIPPED:
        raise ValueError(
            "Faces that were found belong to the generator that ships: mix them there."
        )
    return found_in_text(found)


def mix_styles(
    rows: str, columns: str, layers: str, psi: float, found: str = "", model: str = SHIPPED
) -> Iterator[dict]:
    """Every row's face with these layers' styles from every column's. rows, columns: up to 8 faces as text.

    layers: numbers from 0, the coarsest. psi: -1 to 2. found: what find_face answered as w, up to 8 with spaces
    between, for faces named w1, w2, ... model: the generator that ships, or one of the Hub that is here.

    Streams one picture of all, the sources above and at the left, and the milliseconds; where a picture takes long it
    comes row by row.
    """
    model = network.here(model)
    named = found_for(model, found)
    across = people(columns, "Columns", MOST, model, named)
    down = people(rows, "Rows", MOST, model, named)
    chosen, psi = layers_in_text(layers, model), ui.number(psi, "psi", -1, 2)
    side, each = min(CELL, network.size(model)), len(across) + 1
    drawn = np.full(((len(down) + 1) * each, side, side, 3), BLANK, np.uint8)
    value = dict(
        rows=[list(p) for p in down],
        columns=[list(p) for p in across],
        layers=chosen,
        psi=psi,
        model=model,
        sizes=sizes(model),
        groups=groups(model),
    )
    with network.alone(model, len(drawn)):
        start = time.perf_counter()
        ws = styles([*across, *down], psi, model=model, found=named)
        above, left = ws.split([len(across), len(down)])
        # An empty corner would cost as much as a face, so there is the mean face: psi = 0.
        corner = styles(across[:1], 0.0, model=model, found=named)
        cells = [torch.cat([corner, above])]
        cells += [torch.cat([row[None], mix(row.expand_as(above), above, chosen)]) for row in left]
        done = 0
        for part in [torch.cat(cells)] if network.quick(model) else cells:
            drawn[done : done + len(part)] = pictures(part, model=model, most=CELL)
            done += len(part)
            ms = round(1000 * (time.perf_counter() - start), 1)
            sheet = ui.data_uri(grid(drawn, each)[None], quality=quality(model))
            yield value | dict(sheet=sheet, ms=ms, faces=done)


def mixed_picture(person: str, psi: float, found: str = "", model: str = SHIPPED) -> str:
    """A face to take home: a PNG as a data URI that says "AI-generated" inside. person: one face as text.

    psi, found, model: as for mix_styles.
    """
    model = network.here(model)
    named = found_for(model, found)
    (who,), psi = people(person, "Face", 1, model, named), ui.number(psi, "psi", -1, 2)
    with network.alone(model, 1):
        drawn = pictures(styles([who], psi, model=model, found=named), model=model)[0]
    return ui.ai_png(drawn, max(1, 512 // len(drawn)), "a StyleGAN2")


def fit(rows: str, columns: str, layers: str, model: str) -> tuple[str, str, str, str]:
    """For another generator, which has other layers: what of the matrix fits it. Of found faces none does."""
    count = network.layers(network.named(model))
    said = re.findall(r"(?<![^, ])[0-9]{1,2}(?![^, ])", str(layers))
    inside = [k for k in said if int(k) < count]
    few = ", ".join(inside) or ", ".join(map(str, groups(model)["Coarse"]))
    return fitting(rows, model), fitting(columns, model), few, ""


def whole_sheet(*given) -> dict:
    """The end of the stream."""
    *_, value = mix_styles(*given)
    return value


# What is shown.


def build() -> None:
    coarse = ", ".join(map(str, groups()["Coarse"]))
    ui.headline(
        "A style for every layer",
        "A face is painted from coarse to fine, and every layer asks for a style of its own: so take the pose from one "
        "face and the rest from another.",
    )
    with ui.columns():
        with ui.knobs():
            model, chosen = model_switch.build("stylegan", network.titles(), network.cost)
            psi = ui.slider("stylegan", "psi", "Truncation psi", -1, 2, PSI, 0.05)
            rows = gr.Textbox(ROWS, label="Rows: seeds of faces", elem_id="stylegan-rows")
            columns = gr.Textbox(
                COLUMNS, label="Columns: seeds of styles", elem_id="stylegan-columns"
            )
            layers = gr.Textbox(coarse, visible="hidden", elem_id="stylegan-layers", label="Layers")
            found = gr.Textbox("", visible="hidden", label="Faces that were found")
            deal = gr.Button("Deal new faces", variant="primary")
        with ui.stage():
            canvas = ui.canvas("mixing", None, "mixing", most=MOST, ships=SHIPPED)
        ui.words(
            see=(
                "Faces at the left, styles above. Each cell is the face of its row, with some layers in the style of "
                "its column.",
                "Coarse layers decide pose, shape, hair and half of the colour; middle ones features and a third of "
                "the colour; fine ones the rest of it.",
                "The corner is the mean face, to which psi pulls everybody.",
            ),
            steps={
                "group": "Give the rows other layers of the columns",
                "row": "Click a face at the left: somebody else takes the row. Undo brings the first one back",
                "cell": "Click a cell to see it large, and go on from it",
            },
        )
    ui.strip(facts(), live="for the sheet, on this server")
    ui.mathematics(MATHEMATICS)
    knobs = [rows, columns, layers, psi, found, model]
    ui.first(whole_sheet, knobs, [canvas])
    asked = "({ wanted }) => [wanted.rows, wanted.columns, wanted.layers, wanted.found]"
    placed = ui.in_page(canvas.select, asked, canvas, [rows, columns, layers, found])
    ui.on(
        [rows.submit, columns.submit, rows.blur, columns.blur, canvas.apply],
        mix_styles,
        knobs,
        canvas,
    )
    private = dict(api_visibility="private")
    ui.on(psi.input, mix_styles, knobs, canvas, **private)
    ui.on(placed.then, mix_styles, knobs, canvas, **private)
    dealt = ui.in_page(
        deal.click,
        "(...texts) => texts.map((t) => t.split(',').map(() => Math.floor(Math.random() * 10000)).join(', '))",
        [rows, columns],
        [rows, columns],
    )
    ui.on(dealt.then, mix_styles, knobs, canvas, **private)
    fitted = ui.on(
        chosen, fit, [rows, columns, layers, model], [rows, columns, layers, found], **private
    )
    ui.on(fitted.success, mix_styles, knobs, canvas, **private)
    face = gr.Textbox(ROWS.split(",")[0], visible="hidden", label="Face to take home")
    file = ui.html("", visible=False)
    picked = ui.in_page(canvas.edit, "(value) => value.home", canvas, face)
    made = ui.on(picked.then, mixed_picture, [face, psi, found, model], file)
    ui.in_page(
        made.success,
        "(uri, who) => gml.save(uri, `stylegan-ai-generated-${who.replaceAll(' ', '_')}.png`)",
        [file, face],
    )
    ui.link("stylegan", psi=psi, layers=layers, model=model)
    # A face that was found lives in this window alone, so a link leaves it out.
    for name, people_in_text in dict(rows=rows, columns=columns).items():
        people_in_text.linked = True
        ui.in_page(
            people_in_text.change,
            f"(text) => gml.link('stylegan', ['{name}'], "
            "[text.split(',').filter((who) => !who.includes('w')).join(',').trim()])",
            people_in_text,
        )


def facts() -> list[tuple[str, str]]:
    """What was measured, at which psi, beside what it is at the psi of every view."""
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    near = min(range(len(measured["psi"])), key=lambda k: abs(measured["psi"][k] - PSI))
    return [
        ("", "for the sheet, on this server"),
        *likeness(measured, " at psi 1"),
        (
            f"{measured['psi_fd_mobilenetv2_at_32'][near]:.0f}",
            f"the same at psi {measured['psi'][near]:g}, where these faces are: FD, and "
            f"{measured['psi_precision_at_32'][near]:.2f} / {measured['psi_recall_at_32'][near]:.2f}",
        ),
        (f"{measured['parameters'] / 1e6:.2f} M", "parameters; no likelihood: it only samples"),
    ]


MATHEMATICS = r"""
A generator has a layer for each size and asks for a style in each. A person is one $\mathbf{w}$ for all of them,
$\mathbf{w} = f(\mathbf{z})$; a mixture takes the $\mathbf{w}$ of the column in the layers $S$ that you choose, and
that of the row in the others:

$$\mathbf{w}^{(l)} =
\begin{cases} \mathbf{w}_{\text{column}} & l \in S \\ \mathbf{w}_{\text{row}} & l \notin S \end{cases}
\qquad \mathbf{x} = g(\mathbf{w}^{(1)}, \dots, \mathbf{w}^{(L)})$$

The style of a layer is an affine map of what it is given,
$\mathbf{y}^{(l)} = \mathbf{A}^{(l)} \mathbf{w}^{(l)} + \mathbf{b}^{(l)}$. The paper mixes during training too, so that
neighbouring layers do not come to rely on each other (Karras, Laine, Aila 2018, arXiv:1812.04948, section 3.1).

Truncation pulls everybody to the mean face:
$\mathbf{w} \leftarrow \bar{\mathbf{w}} + \psi\,(\mathbf{w} - \bar{\mathbf{w}})$.
"""
