"""Generative Models, Live: starts the app. `python app.py`, or `make run` from nothing."""

import os

# Visitors share the cores. A sampler's small steps gain nothing from a second thread, and when the cores are busy
# each step would wait for it: a digit then takes seconds instead of a twentieth of one. Said before torch is there:
# torch.set_num_threads would reach a server's other threads only after their first large sum.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))

import gradio as gr

from demos import TABS, theme, ui

QUEUE = 128  # visitors waiting for one kind of answer; the next one is told to try again


def build() -> gr.Blocks:
    """The whole page. A tab whose weights are not there says so in its place; the others work."""
    with gr.Blocks(title="Generative Models, Live", analytics_enabled=False) as blocks:
        ui.header()
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            for tab in TABS:
                with gr.Tab(
                    tab.TITLE, id=tab.ID, elem_id=f"tab-{tab.ID}", elem_classes=f"fam-{tab.FAMILY}"
                ):
                    ui.guarded(tab.build)
    return blocks.queue(max_size=QUEUE, default_concurrency_limit=2)


def launch(blocks: gr.Blocks, **options) -> None:
    """Serve the page on 127.0.0.1:7860, or where GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say."""
    # A handler's sentence reaches the page in any case; show_error would add the text of every other exception.
    blocks.launch(
        **(
            theme.LOOK
            | dict(
                show_error=False,
                ssr_mode=False,
                run_history=False,  # nobody's calls are kept
                footer_links=[],
                max_file_size="1mb",
                app_kwargs=dict(routes=[r for tab in TABS for r in getattr(tab, "ROUTES", ())]),
            )
            | options
        )
    )


if __name__ == "__main__":
    launch(build())
