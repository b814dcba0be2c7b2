"""Another engine than the one that all other browser tests drive: Firefox, where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PUPPETEER = sorted(
    ROOT.glob(".venv/puppeteer-*/node_modules/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js")
)


@pytest.mark.slow
@pytest.mark.skipif(not FIREFOX, reason="needs Firefox")
@pytest.mark.skipif(
    not PUPPETEER, reason="needs puppeteer-core: `make firefox` installs it where there is npm"
)
@pytest.mark.parametrize(
    "resist", [(), ("resist",)], ids=["as installed", "canvases read back as noise"]
)
def test_every_tab_opens_and_answers_its_main_gesture(app_url, resist):
    command = [
        "node",
        Path(__file__).with_name("firefox.mjs"),
        PUPPETEER[-1],
        FIREFOX,
        app_url,
        *resist,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    tabs = "quiz autoregressive vae gan stylegan diffusion flow".split()
    assert [line.partition("-")[0] for line in done.stdout.split()] == tabs
