"""Pictures of every view, as visitors see it: python -m tests.screenshots [--out screenshots] [--tab vae] [--readme]

Each view on three screens, light and dark, and as a slide. --readme writes demos/preview.webp instead, the picture in
the README.
"""

import argparse
import io
import os
from pathlib import Path

from PIL import Image

from tests.conftest import FLAGS, ROOT, find_chromium

WIDTHS = {390: 844, 1280: 800, 1920: 1080}  # and how high such a screen is
README_VIEW = "autoregressive-play"
PREVIEW, LARGEST = ROOT / "demos" / "preview.webp", 60_000


def shoot(browser, url: str, page_name: str, width: int, dark: bool, slide: bool = False):
    """A page with everything of a view on it drawn and at rest."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",  # pictures are whole at once, nothing moves
    )
    page = context.new_page()
    tab, _, view = page_name.partition("-")
    page.goto(f"{url}?tab={tab}&view={view}")
    page.locator("gradio-app[data-ready]").wait_for()
    if slide:
        page.keyboard.press("p")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => 0)")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--tab", help="only this one")
    parser.add_argument("--readme", action="store_true", help=f"write {PREVIEW.relative_to(ROOT)}")
    options = parser.parse_args()
    browser_path = find_chromium() or parser.error(
        "no Chromium or Chrome: set CHROMIUM to its path"
    )
    os.environ.pop("GRADIO_SERVER_PORT", None)  # any free port

    from playwright.sync_api import sync_playwright

    import app
    from demos import TABS
    from demos.shell import page_of

    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            if options.readme:
                page = shoot(browser, blocks.local_url, README_VIEW, 1280, dark=False)
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                for quality in (90, 80, 70, 60, 50):
                    picture.save(PREVIEW, "WEBP", quality=quality, method=6)
                    if PREVIEW.stat().st_size < LARGEST:
                        break
                print(PREVIEW, PREVIEW.stat().st_size, "bytes")
                return
            options.out.mkdir(parents=True, exist_ok=True)
            pages = [page_of(tab, view) for tab in TABS for view in tab.VIEWS]
            for name in [p for p in pages if options.tab in (None, p.partition("-")[0])]:
                looks = [(width, dark, False) for width in WIDTHS for dark in (False, True)]
                for width, dark, slide in [*looks, (1920, False, True)]:
                    page = shoot(browser, blocks.local_url, name, width, dark, slide)
                    kind = "slide" if slide else "dark" if dark else "light"
                    page.screenshot(path=f"{options.out / name}-{width}-{kind}.png")
                    page.context.close()
                print(name)
    finally:
        blocks.close(verbose=False)


if __name__ == "__main__":
    main()
