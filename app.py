"""Generative Models, Live: starts the app. `python app.py`, or `make run` from nothing."""

import os

# Visitors share the cores. A sampler's small steps gain nothing from a second thread, and when the cores are busy
# each step would wait for it: a digit then takes seconds instead of a twentieth of one. Said before torch is there:
# torch.set_num_threads would reach a server's other threads only after their first large sum.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))

import gradio as gr
from starlette.middleware import Middleware

from demos import TABS, doors, shell, theme, ui

QUEUE = 128  # visitors waiting for one kind of answer; the next one is told to try again


def build() -> gr.Blocks:
    """Every view, a page of its own. A view whose weights are not there says so in its place; the others work."""
    with doors.Page(title="Generative Models, Live", analytics_enabled=False) as blocks:
        for tab in TABS:
            for view in tab.VIEWS:
                # What blocks.route() does, less the app that Gradio would make anew at the end of each.
                blocks.current_page = shell.page_of(tab, view)
                blocks.pages.append((blocks.current_page, view.TITLE, False))
                with ui.view():
                    ui.guarded(view.build)
    shell.freeze(blocks)
    return blocks.queue(max_size=QUEUE, default_concurrency_limit=2)


def launch(blocks: gr.Blocks, **options) -> None:
    """Serve the page on 127.0.0.1:7860, or where GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say."""
    pages = shell.Pages(blocks, TABS)
    routes = [*pages.routes(), *(r for tab in TABS for r in getattr(tab, "ROUTES", ()))]
    middleware = [Middleware(doors.Doors, ours=routes), *shell.MIDDLEWARE]
    doors.no_proxy_for_ourselves()
    # A handler's sentence reaches the page in any case; show_error would add the text of every other exception.
    blocks.launch(
        **(
            dict(
                theme=theme.THEME,
                show_error=False,
                ssr_mode=False,
                run_history=False,  # nobody's calls are kept
                footer_links=[],
                max_file_size="1mb",
                app_kwargs=dict(routes=routes, middleware=middleware),
            )
            | options
        )
    )


if __name__ == "__main__":
    launch(build())
