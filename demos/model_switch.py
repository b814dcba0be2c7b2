"""A switch between the model that ships and larger ones from the Hub: what each is, whether it fits, and its download.

The canvas shows value = {models, progress, problem}. The name of the one that is chosen is in the text box that
handlers read, so with one that is not here yet they draw nothing and say so. Once it is here, `apply` has it drawn.
"""

from collections.abc import Callable, Iterator

import gradio as gr

import checkpoints
from checkpoints import CheckpointError, hub, resident
from demos import ui


def build(
    tab: str,
    titles: dict[str, str],
    cost: Callable[[str], str],
    knob: str = "model",
    api: bool = True,
) -> tuple[gr.Textbox, Callable]:
    """titles: {name: what the visitor reads}, the first one chosen. cost: a name -> how long a picture takes here.

    knob: its name in a link. api: the first switch of a tab has its events in the API.
    -> the name, and the event of a model that can draw. It has set the name already: pass it a handler as .then.
    """

    def named(event: str) -> dict:
        return dict(api_name=f"{tab}_{event}") if api else dict(api_visibility="private")

    def state(name: str) -> dict:
        if name in checkpoints.MANIFEST:
            measured = checkpoints.MANIFEST[name]["measured"]
            return dict(name=name, facts=[], ready=True, bytes=measured["bytes"], problem="")
        entry = hub.OFFERED[name]
        parameters, megabytes = entry["parameters"] / 1e6, entry["bytes"] / 1e6
        facts = [
            f"{entry['repo']} on the Hub, {entry['license']}",
            f"{parameters:.1f} M parameters, {megabytes:.0f} MB",
            cost(name),
        ]
        ready = hub.folder(name) is not None
        return dict(
            name=name, facts=facts, ready=ready, bytes=entry["bytes"], problem=resident.fits(name)
        )

    def states(progress: dict | None = None, problem: str = "") -> dict:
        return dict(models=[state(name) for name in titles], progress=progress, problem=problem)

    def model_states() -> dict:
        """Which models there are, which of them are here, and which fit."""
        return states()

    def fetch_model(name: str) -> Iterator[dict]:
        """Bring a model of the Hub here, and stream how far it is. Everybody who asks shares one download."""
        offered = [each for each in titles if each in hub.OFFERED]
        ui.choice(name, "Model", offered)
        if problem := resident.fits(name):
            raise ValueError(problem)
        try:
            for p in hub.fetch(name):
                left = round(p.left) if p.speed else None
                yield states(
                    dict(name=name, done=p.done, total=p.total, speed=round(p.speed), left=left)
                )
        except CheckpointError as error:
            yield states(problem=str(error))
            raise
        yield states()

    switch = ui.canvas("model_switch", states(), f"{tab}-{knob}s", titles=titles, link=knob)
    model = gr.Textbox(next(iter(titles)), visible="hidden", elem_id=f"{tab}-{knob}", label="Model")
    asked = gr.Textbox("", visible="hidden", label="Model to download")
    # What is here may have changed since the app was started.
    ui.on(switch.download, model_states, None, switch, queue=False, **named("models"))
    wanted = ui.in_page(switch.select, "(value) => value.asked", switch, asked)
    brought = ui.on(
        wanted.then,
        fetch_model,
        asked,
        switch,
        concurrency_limit=16,  # they only watch
        **named("fetch_model"),
    )
    switch.edit(None, cancels=[brought], queue=False, api_visibility="private")
    ui.in_page(switch.input, "(value) => value.chosen", switch, model)
    chosen = ui.in_page(switch.apply, "(value) => value.chosen", switch, model)
    return model, chosen.then
