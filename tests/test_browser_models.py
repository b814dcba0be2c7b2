"""The switch between models in a real browser, with a small Hub behind it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.gestures import DESK, PHONE
from tests.test_browser_diffusion import open_tab, wait_for_steps

SWITCH, COLOUR = "#diffusion-models", "#denoiser [data-model=ddpm-cifar10-32]"


def choose(page: Page, title: str) -> None:
    page.locator(SWITCH).get_by_label(title).check()


def draw_with_few_steps(page: Page) -> None:
    page.locator("#diffusion-steps input[type=number]").fill("3")
    page.locator("#diffusion-steps input[type=number]").press("Enter")
    wait_for_steps(page, "3/3")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_model_is_fetched_cancelled_fetched_and_draws(open_page, small_hub, width):
    page = open_tab(open_page, width)
    draw_with_few_steps(page)
    card = page.locator(f"{SWITCH} .model-card")
    expect(card).to_be_hidden()
    choose(page, "CIFAR-10")
    expect(card).to_contain_text("google/ddpm-cifar10-32 on the Hub, Apache-2.0")
    expect(card).to_contain_text("Not here yet")
    small_hub.pace = 0.3
    page.get_by_role("button", name=re.compile("^Download")).click()
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.locator(".speed")).to_contain_text(" of ")
    page.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("progressbar")).to_be_hidden()
    expect(page.locator("#denoiser [data-model=ddpm-mnist]")).to_be_attached()  # still drawing digits
    small_hub.pace = 0.0
    page.get_by_role("button", name=re.compile("^Download")).click()
    page.locator(COLOUR).wait_for(state="attached")
    wait_for_steps(page, "3/3")
    expect(card).to_contain_text("Here.")
    colours = page.locator("#denoiser .noisy").evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " return [c.width, d.some((v, i) => i % 4 === 0 && v !== d[i + 1])]; }"
    )
    assert colours == [16, True]
    choose(page, "Digits")
    page.locator("#denoiser [data-model=ddpm-mnist]").wait_for(state="attached")
    expect(card).to_be_hidden()


def test_a_link_brings_the_model_back(open_page, small_hub):
    from checkpoints import hub

    list(hub.fetch("ddpm-cifar10-32"))
    page = open_tab(open_page)
    draw_with_few_steps(page)
    choose(page, "CIFAR-10")
    page.locator(COLOUR).wait_for(state="attached")
    page.wait_for_url(re.compile("model=ddpm-cifar10-32"))
    other = open_tab(open_page, query="&" + page.url.partition("tab=diffusion&")[2])
    other.locator(COLOUR).wait_for(state="attached")
    wait_for_steps(other, "3/3")
    strange = open_tab(open_page, query="&model=../../etc&seed=3&steps=3")
    wait_for_steps(strange, "3/3")
    expect(strange.locator(SWITCH).get_by_label("Digits")).to_be_checked()


def test_a_hub_that_cannot_be_reached_is_said_in_the_card(open_page, small_hub):
    page = open_tab(open_page)
    small_hub.refuse = (404, "RevisionNotFound")
    choose(page, "Faces")
    page.get_by_role("button", name=re.compile("^Download")).click()
    card = page.locator(f"{SWITCH} .model-card")
    expect(card).to_contain_text("no longer has revision")
    small_hub.refuse = None
    expect(page.get_by_role("button", name=re.compile("^Download"))).to_be_enabled()
