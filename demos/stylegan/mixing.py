"""Style mixing: rows of faces, columns of faces, and each row's face in some layers of each column's style."""

import re
import time
from collections.abc import Callable

import gradio as gr
import torch

import checkpoints
from demos import ui
from demos.stylegan.latent import (
    NAME,
    PSI,
    found_in_text,
    generator,
    groups,
    people,
    pictures,
    quality,
    sizes,
    styles,
)
from models.images import grid
from models.stylegan import mix

MOST = 8  # rows, columns
ROWS, COLUMNS = "7, 24, 3, 41", "52, 9, 33, 60"


# What is computed.


def layers_in_text(text: str) -> list[int]:
    """Layers from text, separated by commas; none is allowed. Raises ValueError."""
    last = generator().layers - 1
    tokens = (
        [t.strip() for t in text.split(",")] if isinstance(text, str) and len(text) < 200 else ["?"]
    )
    tokens = [] if tokens == [""] else tokens
    if not all(re.fullmatch("[0-9]{1,2}", t) and int(t) <= last for t in tokens):
        raise ValueError(
            f"Layers are whole numbers from 0 to {last}, separated by commas, or none."
        )
    return sorted({int(t) for t in tokens})


def mix_styles(rows: str, columns: str, layers: str, psi: float, found: str = "") -> dict:
    """Every row's face with these layers' styles from every column's. rows, columns: up to 8 faces as text.

    layers: numbers from 0, the coarsest. psi: -1 to 2. found: what find_face answered as w, up to 8 with spaces
    between, for faces named w1, w2, ... Returns one picture of all, the sources above and at the left, and the
    milliseconds.
    """
    named = found_in_text(found)
    across, down = people(columns, "Columns", MOST, named), people(rows, "Rows", MOST, named)
    chosen, psi = layers_in_text(layers), ui.number(psi, "psi", -1, 2)
    start = time.perf_counter()
    ws = styles([*across, *down], psi, found=named)
    above, left = ws.split([len(across), len(down)])
    # An empty corner would cost as much as a face, so there is the mean face: psi = 0.
    corner = styles(across[:1], 0.0, found=named)
    cells = [corner, above]
    for row in left:
        cells += [row[None], mix(row.expand_as(above), above, chosen)]
    drawn = pictures(torch.cat(cells))
    ms = 1000 * (time.perf_counter() - start)
    return dict(
        sheet=ui.data_uri(grid(drawn, len(across) + 1)[None], quality=quality()),
        rows=[list(p) for p in down],
        columns=[list(p) for p in across],
        layers=chosen,
        psi=psi,
        ms=round(ms, 1),
        faces=len(drawn),
    )


def mixed_picture(person: str, psi: float, found: str = "") -> str:
    """A face to take home: a PNG as a data URI that says "AI-generated" inside. person: one face as text.

    psi, found: as for mix_styles.
    """
    named = found_in_text(found)
    (who,), psi = people(person, "Face", 1, named), ui.number(psi, "psi", -1, 2)
    drawn = pictures(styles([who], psi, found=named))[0]
    return ui.ai_png(drawn, max(1, 512 // len(drawn)), "a StyleGAN2")


# What is shown.


def build() -> Callable:
    """Gives the event that fires when the tab is first looked at."""
    coarse = ", ".join(map(str, groups()["Coarse"]))
    first = mix_styles(ROWS, COLUMNS, coarse, PSI)
    with ui.columns():
        with ui.knobs():
            psi = ui.slider("stylegan", "psi", "Truncation psi", -1, 2, PSI, 0.05)
            rows = gr.Textbox(ROWS, label="Rows: seeds of faces", elem_id="stylegan-rows")
            columns = gr.Textbox(
                COLUMNS, label="Columns: seeds of styles", elem_id="stylegan-columns"
            )
            layers = gr.Textbox(coarse, visible="hidden", elem_id="stylegan-layers", label="Layers")
            found = gr.Textbox("", visible="hidden", label="Faces that were found")
            deal = gr.Button("Deal new faces", variant="primary")
        with ui.stage():
            canvas = ui.canvas("mixing", first, "mixing", sizes=sizes(), groups=groups(), most=MOST)
        ui.words(
            see=(
                "At the left, faces; above, styles. Each cell is the face of its row, with some layers in the style "
                "of its column.",
                "Coarse layers decide pose, face shape and hair; middle ones features; fine ones colours.",
                "In the corner is the mean face, to which psi pulls everybody.",
            ),
            steps={
                "group": "Give the rows other layers of the columns",
                "row": "Click a face at the left: somebody else takes the row",
                "cell": "Click a cell to see it large, and go on from it",
                "psi": "Push psi below 0: everybody becomes their opposite",
                "noise": "Draw one face with new noise, and see where it works",
                "walk": "Walk between two other faces, in z and in w",
                "found": "Have a face found, and mix it with the others",
            },
        )
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.strip(
        [
            ("none", "likelihood: it only samples"),
            (
                f"{measured['fd_mobilenetv2']:.0f}",
                f"distance of faces (FD-MobileNetV2; real ones: {measured['floor_fd_mobilenetv2']:.0f})",
            ),
            (f"{measured['precision']:.2f}, {measured['recall']:.2f}", "precision, recall"),
            ("", f"for {first['faces']} faces, now, here"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ],
        live=f"for {first['faces']} faces, now, here",
    )
    knobs = [rows, columns, layers, psi, found]
    asked = "({ wanted }) => [wanted.rows, wanted.columns, wanted.layers, wanted.found]"
    placed = ui.in_page(canvas.select, asked, canvas, [rows, columns, layers, found])
    ui.on(
        [rows.submit, columns.submit, rows.blur, columns.blur, canvas.apply],
        mix_styles,
        knobs,
        canvas,
    )
    turned = ui.on(psi.input, mix_styles, knobs, canvas, api_visibility="private")
    ui.on(placed.then, mix_styles, knobs, canvas, api_visibility="private")
    dealt = ui.in_page(
        deal.click,
        "(...texts) => texts.map((t) => t.split(',').map(() => Math.floor(Math.random() * 10000)).join(', '))",
        [rows, columns],
        [rows, columns],
    )
    ui.on(dealt.then, mix_styles, knobs, canvas, api_visibility="private")
    face = gr.Textbox(ROWS.split(",")[0], visible="hidden", label="Face to take home")
    file = ui.html("", visible=False)
    picked = ui.in_page(canvas.edit, "(value) => value.home", canvas, face)
    made = ui.on(picked.then, mixed_picture, [face, psi, found], file)
    ui.in_page(
        made.success,
        "(uri, who) => gml.save(uri, `stylegan-ai-generated-${who.replaceAll(' ', '_')}.png`)",
        [file, face],
    )
    ui.in_page(
        turned.success,
        "(psi) => { if (psi < 0) gml.did(document.querySelector('#mixing'), 'psi'); }",
        psi,
    )
    ui.link("stylegan", psi=psi, rows=rows, columns=columns, layers=layers)
    return canvas.download
