"""The switch between models in a real browser, with a small Hub behind it."""

import re
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from tests.gestures import DESK, PHONE, expect_done, go_to
from tests.test_browser_diffusion import open_tab, wait_for_steps
from tests.test_browser_stylegan import open_tab as open_stylegan
from tests.test_browser_stylegan import open_view, seen, wait_for_cell

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
    expect(card).to_contain_text("Not downloaded yet")
    small_hub.pace = 0.3
    page.get_by_role("button", name=re.compile("^Download")).click()
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.locator(".speed")).to_contain_text(" of ")
    page.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("progressbar")).to_be_hidden()
    expect(
        page.locator("#denoiser [data-model=ddpm-mnist]")
    ).to_be_attached()  # still drawing digits
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
    other = open_page(reduced_motion=True, query=page.url.partition("?")[2])
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


CAT = "stylegan2-cat-256"
CATS = f"#mixing [data-model={CAT}][data-faces='25']"


def take_model(page: Page, switch: str, title: str) -> None:
    page.locator(switch).get_by_role("combobox", name="Model").select_option(label=title)


def test_style_mixing_with_a_generator_of_the_hub(open_page, small_hub):
    page = open_stylegan(open_page)
    page.locator(".matrix button[data-at='1,2']").click()
    page.get_by_role("button", name="Keep it").click()
    faces, switch = seen(page), page.locator("#stylegan-models")
    take_model(page, "#stylegan-models", "Cats, 256 by 256")
    card = switch.locator(".model-card")
    expect(card).to_contain_text(
        "aaronb/StyleGAN2 on the Hub, NVIDIA's StyleGAN2 weights are for non-commercial use"
    )
    expect(card).to_contain_text("a picture on this machine")
    # It is not here: nothing is drawn with another one in its place, and that is said.
    expect(card).to_contain_text("what you see is still drawn by Faces, 32 by 32")
    page.locator("#stylegan-psi input[type=number]").fill("0.5")
    expect(page.locator(".toast-body, .toast-wrap").first).to_contain_text("download it first")
    assert seen(page) == faces
    expect(page.locator("#mixing [data-model=stylegan-faces]")).to_be_attached()
    switch.get_by_role("button", name=re.compile("^Download")).click()
    page.locator(CATS).wait_for(state="attached")
    expect(page.locator(".shelf button")).to_have_count(0)  # nobody here has a seed there
    before = seen(page)
    page.get_by_role("button", name="Fine").click()
    wait_for_cell(page, 6, before[6])
    page.locator(CATS).wait_for(state="attached")
    cell = page.locator(".matrix button[data-at='1,3'] canvas")
    pixels = cell.evaluate("(canvas) => canvas.toDataURL()")
    cell.click()
    page.get_by_role("button", name="Go on from it").click()
    rows = page.locator("#stylegan-rows :is(textarea, input)")
    expect(rows).to_have_value(re.compile(r"^(7 )+33( 33)*, 24, 3, 41$"))
    page.wait_for_function(
        "([cell, face]) => document.querySelector(cell)?.toDataURL() === face",
        arg=[".matrix button[data-at='1,0'] canvas", pixels],
    )
    page.locator(CATS).wait_for(state="attached")
    page.wait_for_function(
        "([rows, model]) => { const query = new URLSearchParams(location.search);"
        " return query.get('rows') === rows && query.get('model') === model; }",
        arg=[rows.input_value(), CAT],
    )
    drawn = seen(page)
    other = open_stylegan(open_page, query="&" + page.url.partition("tab=stylegan&")[2])
    other.locator(CATS).wait_for(state="attached")
    assert seen(other) == drawn
    take_model(page, "#stylegan-models", "Faces, 32 by 32")
    page.locator("#mixing [data-model=stylegan-faces]").wait_for(state="attached")
    expect(card).to_be_hidden()
    expect(page.locator(".shelf button")).to_have_count(1)  # the face that was kept is back


def test_one_face_has_a_switch_of_its_own(open_page, small_hub):
    from checkpoints import hub

    list(hub.fetch(CAT))
    page = open_view(open_page, "face")
    face = page.locator("#one-face img").first
    before = face.get_attribute("src")
    take_model(page, "#stylegan-face-models", "Cats, 256 by 256")
    expect(face).not_to_have_attribute("src", before)
    cat = face.get_attribute("src")
    page.wait_for_url(re.compile(f"face-model={CAT}"))
    go_to(page, "Style mixing")
    expect(page.locator("#mixing [data-model=stylegan-faces]")).to_be_attached()
    other = open_page(
        query=page.url.partition("?")[2].replace("view=mixing", f"view=face&face-model={CAT}")
    )
    expect(other.locator("#one-face img").first).to_have_attribute("src", cat)
    # A model that is not here yet leaves the picture as it is, and a knob says what to do.
    take_model(other, "#stylegan-face-models", "Horses, 256 by 256")
    other.locator("#stylegan-face-psi input[type=number]").fill("0.2")
    expect(other.locator(".toast-body, .toast-wrap").first).to_contain_text("download it first")
    expect(other.locator("#one-face img").first).to_have_attribute("src", cat)


def test_a_link_to_a_model_that_was_here_before_the_app(open_page, small_hub):
    """Nothing that the page comes with changes then: it must ask by itself."""
    import app
    from checkpoints import hub

    list(hub.fetch(CAT))
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        page = open_stylegan(open_page, query=f"&model={CAT}", url=blocks.local_url.rstrip("/"))
        page.locator(CATS).wait_for(state="attached")
        expect(page.locator("#stylegan-models").get_by_role("combobox")).to_have_value(CAT)
        page.close()  # before its server: it may still be asking
    finally:
        blocks.close(verbose=False)


def test_a_view_is_there_when_its_knobs_are(browser, app_url):
    """A knob that is set before it is mounted tells nobody that it changed: the address would stay behind."""
    page, held = browser.new_page(), []

    def hold_textboxes(route):
        answer = route.fetch()
        if 'data-testid="textbox"' in answer.text():
            return held.append((route, answer))
        route.fulfill(response=answer)

    page.route("**/assets/*.js", hold_textboxes)
    page.goto(f"{app_url}/?tab=stylegan&view=face")
    page.locator("#one-face img").first.wait_for(state="attached")  # all else of the view
    assert held, "no file of Gradio's has its text boxes"
    expect(page.locator("gradio-app[data-ready]")).to_have_count(0)
    for route, answer in held:
        route.fulfill(response=answer)
    page.locator("gradio-app[data-ready]").wait_for()
    assert page.locator("#stylegan-face-model :is(input, textarea)").count() == 1
    page.close()


IN_COLOUR = "tab=autoregressive&view=colour"


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_picture_is_completed_by_what_ships_and_by_what_was_fetched(open_page, small_hub, width):
    page = open_page(width, 844, query=IN_COLOUR)
    shown = page.locator("#in-colour")
    expect(shown.locator("img")).to_have_count(6)
    assert all(
        shown.locator("img").evaluate_all("(all) => all.map((i) => i.complete && i.width > 60)")
    )
    before = shown.locator("img").last.get_attribute("src")
    page.get_by_label("Apple").check()
    expect(shown.locator("img").last).not_to_have_attribute("src", before)
    expect_done(page, "strange")
    card = page.locator("#autoregressive-writers .model-card")
    expect(card).to_be_hidden()
    page.locator("#autoregressive-writers").get_by_label("pixel by pixel").check()
    expect(card).to_contain_text("openai/imagegpt-small on the Hub, Apache-2.0")
    expect(card).to_contain_text("four lower halves on this machine")
    # It is not here: the picture stays that of the model that ships, and a knob says what to do.
    page.locator("#autoregressive-given input[type=number]").fill("2")
    expect(page.locator(".toast-body, .toast-wrap").first).to_contain_text("download it first")
    expect(shown.locator("[data-model=image-gpt-vqvae-faces]")).to_be_attached()
    page.get_by_role("button", name=re.compile("^Download")).click()
    shown.locator("[data-model=imagegpt-small][data-known='256/256']").wait_for(state="attached")
    expect(card).to_contain_text("Here.")
    expect(shown.get_by_text("read as 64 pixels")).to_be_visible()
    page.wait_for_url(re.compile("writer=imagegpt-small"))
    drawn = shown.locator("img").last.get_attribute("src")
    other = open_page(width, 844, query=page.url.partition("?")[2])
    other.locator("#in-colour [data-model=imagegpt-small][data-known='256/256']").wait_for(
        state="attached"
    )
    expect(other.locator("#in-colour img").last).to_have_attribute("src", drawn)
    page.locator("#autoregressive-writers").get_by_label("code by code").check()
    shown.locator("[data-model=image-gpt-vqvae-faces]").wait_for(state="attached")


def drawing_slowly(monkeypatch) -> tuple[Event, Event]:
    """From its third row on the large model is slow, until the first is set; the second: nobody wants the rest."""
    from checkpoints import hub
    from demos.autoregressive import colour, writers

    list(hub.fetch("imagegpt-small"))
    held, left, write = Event(), Event(), writers.write

    def slowly(name, given, *knobs):
        for at, step in enumerate(write(name, given, *knobs)):
            try:
                yield step
            except GeneratorExit:
                left.set()
                raise
            if name == "imagegpt-small" and at >= 40:
                held.wait(0.1)  # a cancelled answer ends with the row that is on its way

    monkeypatch.setattr(writers, "write", slowly)
    monkeypatch.setattr(colour, "PATIENCE", -1)
    return held, left


def test_a_long_drawing_in_colour_is_stopped(open_page, small_hub, monkeypatch):
    held, left = drawing_slowly(monkeypatch)
    page = open_page(query=f"{IN_COLOUR}&writer=imagegpt-small")
    page.locator("#in-colour [data-known='160/256']").wait_for(state="attached")
    expect(page.get_by_text("32 of 128 pixels of each are drawn")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/reset")):
        page.get_by_role("button", name="Stop").click()
    held.set()
    assert left.wait(60), "nobody draws for nobody"
    page.get_by_role("button", name="Four others").click()
    page.locator("#in-colour [data-known='256/256']", has_text="seed 5:").wait_for(state="attached")


def test_the_newest_question_has_the_last_word(open_page, small_hub, monkeypatch):
    held, _ = drawing_slowly(monkeypatch)
    page = open_page(query=f"{IN_COLOUR}&writer=imagegpt-small")
    page.locator("#in-colour [data-known='160/256']").wait_for(state="attached")
    page.locator("#autoregressive-writers").get_by_label("code by code").check()
    held.set()
    page.locator("#in-colour [data-model=image-gpt-vqvae-faces]").wait_for(state="attached")
    expect(page.locator("#autoregressive-writers .model-card")).to_be_hidden()
