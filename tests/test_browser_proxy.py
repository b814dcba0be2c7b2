"""The app behind a real nginx: at the root, below a path, with https. Pages, streams, a class, its QR code."""

import json

import httpx
import pytest
from playwright.sync_api import expect

import app
from demos import quiz
from demos.quiz.rooms import Rooms
from tests import nginx
from tests.class_server import deal
from tests.endpoints import GOOD
from tests.gestures import DESK

WAYS = ["/", "/demo", "https"]


@pytest.fixture(scope="module")
def behind(app_url, tmp_path_factory):
    """{way: address} of the app behind nginx."""
    if nginx.NGINX is None:
        pytest.skip("needs nginx: on Debian and Ubuntu, apt install nginx")
    home = tmp_path_factory.mktemp("nginx")
    rooms = Rooms(deal, f"sqlite:///{home}/class.sqlite3")
    (owner,) = {r.endpoint.__self__ for r in quiz.ROUTES if hasattr(r.endpoint, "__self__")}
    blocks = app.build()
    options = dict(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    app.launch(blocks, root_path="/demo", **options)
    served = nginx.serving(home, app_url, blocks.local_url[:-1])
    with pytest.MonkeyPatch.context() as patch, served as urls:
        patch.setattr(owner, "rooms", lambda: rooms)
        yield urls
    blocks.close(verbose=False)


@pytest.fixture
def client():
    with httpx.Client(verify=nginx.trusting(), timeout=120) as client:
        yield client


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_arrives_as_it_is_made(behind, client, way):
    """With nginx's defaults: what it held back would come with the stream's end, and this one has none."""
    with client.stream("GET", f"{behind[way]}/gradio_api/heartbeat/somebody") as stream:
        assert next(stream.iter_lines()) == "data: ALIVE"
    opened = client.post(f"{behind[way]}/class").json()
    secret = opened["teacher"].partition("#")[2]
    head = {"authorization": f"Bearer {secret}", "x-role": "teacher"}
    with client.stream("GET", f"{behind[way]}/class/{opened['code']}/events", headers=head) as s:
        assert json.loads(next(s.iter_lines()).removeprefix("data: "))["phase"] == "lobby"


@pytest.mark.parametrize("way", WAYS)
def test_what_the_queue_streams_comes_to_its_end(behind, client, way):
    url = f"{behind[way]}/gradio_api/call/denoise"
    event = client.post(url, json=dict(data=[*GOOD["denoise"].values()])).json()["event_id"]
    with client.stream("GET", f"{url}/{event}") as stream:
        assert "event: complete" in "".join(stream.iter_text())


@pytest.mark.parametrize("way", ["/demo", "https"])
def test_a_gesture_and_a_class_work(behind, browser, way):
    """A visitor goes on to a second view and turns a knob; a room opens, and a student joins by the code's address."""
    url = behind[way]
    context = browser.new_context(ignore_https_errors=True, viewport=dict(width=DESK, height=900))
    failed = []
    context.on("response", lambda r: r.status >= 400 and failed.append((r.status, r.url)))
    context.on("weberror", lambda e: failed.append(e.error))
    try:
        page = context.new_page()
        page.goto(f"{url}/?tab=autoregressive&view=play")
        page.locator("gradio-app[data-ready] #pixel-player").wait_for()
        page.get_by_role("link", name="GAN", exact=True).click()
        page.locator("gradio-app[data-ready][data-view^=gan]:not([hidden])").wait_for()
        assert page.url.startswith(f"{url}/?tab=gan")
        with page.expect_response(lambda r: "/gradio_api/" in r.url and r.status == 200) as asked:
            page.goto(f"{url}/?tab=autoregressive&view=play&seed=11")
        assert asked.value.url.startswith(url)

        page.goto(f"{url}/?tab=quiz&view=room")
        page.locator("gradio-app[data-ready]").wait_for()
        with page.expect_popup() as opened:
            page.locator("#open-room").click()
        projector = opened.value
        expect(projector.locator(".qr svg")).to_be_visible()
        link = projector.locator(".link").get_attribute("href")
        assert link.startswith(f"{url}/class/"), "what a phone is shown is how the projector came"
        student = context.new_page()
        student.goto(link)
        student.get_by_label("A nickname").fill("Ada")
        student.get_by_role("button", name="Join").click()
        expect(student.get_by_text("You are in.")).to_be_visible()
        expect(projector.locator(".ranking")).to_contain_text("Ada")
        with page.expect_response(lambda r: "here.svg" in r.url) as code:
            page.get_by_role("button", name="Present").click()
        assert code.value.ok
        for one in context.pages:
            one.evaluate("0")
        seen = [each for each in failed if "favicon" not in str(each)]
        assert not seen
    finally:
        context.close()
