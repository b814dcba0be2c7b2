"""The page around the views, over HTTP: one description for each, small, compressed, the same for everybody."""

import gzip
import json
import re
from urllib.parse import quote

import brotli
import gradio as gr
import httpx
import pytest
from gradio.state_holder import SessionState
from starlette.requests import Request

import app
import checkpoints
from checkpoints import CheckpointError
from demos import TABS, shell, ui
from demos.vae import codes, latent_map, versus

HTTP = httpx.Client(timeout=120)  # a first picture is drawn while one waits, and cores are busy
PLACES = [(tab, view) for tab in TABS for view in tab.VIEWS]
IDS = [shell.page_of(tab, view) for tab, view in PLACES]
# What the page's description may weigh for one view, without the pictures in it: text of its parts and its scripts.
DESCRIBED = 60_000
FIRST_PAGE = 100_000  # bytes on the wire
# Gradio's script looks for every part through all events: their product is what a page costs before it is there.
PRODUCT = 1500


@pytest.fixture(scope="module")
def pages() -> shell.Pages:
    return shell.Pages(app.build(), TABS)


@pytest.mark.parametrize("page", IDS)
def test_a_view_is_small_and_comes_with_its_first_picture(app_url, page):
    config = HTTP.get(f"{app_url}/views/{page}").json()
    assert config["problem"] is None and config["current_page"] == ""
    bare = [part | {"props": part["props"] | {"value": None}} for part in config["components"]]
    size = len(json.dumps(config | {"components": bare}))
    assert size < DESCRIBED, f"{size} bytes describe this view"
    assert len(config["components"]) * len(config["dependencies"]) < PRODUCT
    shown = [part for part in config["components"] if part["type"] in ("html", "markdown")]
    assert any(part["props"].get("value") for part in shown)


@pytest.mark.parametrize("page", IDS)
def test_the_first_page_is_light_on_the_wire(app_url, page):
    tab, _, view = page.partition("-")
    answer = HTTP.get(f"{app_url}/?tab={tab}&view={view}", headers={"accept-encoding": "br"})
    assert answer.headers["content-encoding"] == "br"
    assert int(answer.headers["content-length"]) < FIRST_PAGE
    assert f'page: "{page}"' in answer.text


LATER = {
    "vae-versus": versus.sheets,
    "vae-latent_map": latent_map.sheet,
    "vae-codes": codes.decoder,
}


@pytest.mark.parametrize("page", LATER)
def test_what_a_canvas_looks_up_comes_later_packed_and_once(app_url, page):
    packed = {"accept-encoding": "br"}
    answer = HTTP.get(f"{app_url}/views/{page}/later", headers=packed)
    assert answer.json() == LATER[page]() and answer.headers["content-encoding"] == "br"
    seen = packed | {"if-none-match": answer.headers["etag"]}
    assert HTTP.get(f"{app_url}/views/{page}/later", headers=seen).status_code == 304
    # None of it comes with the description.
    sent = re.findall(r"[\w+/=]{1000,}", answer.text)
    first = HTTP.get(f"{app_url}/views/{page}").text
    assert sent and not any(text in first for text in sent)


@pytest.mark.parametrize("page", ["gan-training", "nope"])
def test_most_views_have_nothing_for_later(app_url, page):
    assert HTTP.get(f"{app_url}/views/{page}/later").status_code == 404


def test_weights_that_are_away_are_asked_for_again_later(monkeypatch):
    pages = shell.Pages(app.build(), TABS)
    request = Request(dict(type="http", headers=[], path_params=dict(page="vae-versus")))

    def missing():
        raise CheckpointError("these weights are away")

    (canvas,) = (b for b in pages.blocks.blocks.values() if b.elem_id == "versus")
    monkeypatch.setattr(canvas, "later", missing)
    assert pages.later(request).status_code == 503
    monkeypatch.setattr(canvas, "later", lambda: {"AE": "a sheet"})
    assert json.loads(pages.later(request).body) == {"AE": "a sheet"}


def test_the_descriptions_hold_nothing_of_other_views(pages):
    """Parts and events of all views together are those of the site, each in one view alone."""
    described = [pages.describe(page) for page in IDS]
    for kind in ("components", "dependencies"):
        ids = [one["id"] for config in described for one in config[kind]]
        assert len(ids) == len(set(ids)) == len(pages.blocks.config[kind])
    heard = {t[0] for config in described for d in config["dependencies"] for t in d["targets"]}
    assert heard - {None} <= {c["id"] for config in described for c in config["components"]}


def test_no_two_parts_of_the_site_share_an_id(pages):
    """Scripts look parts up by their id, and views that were seen stay mounted."""
    ids = [part["props"].get("elem_id") for part in pages.blocks.config["components"]]
    ids = sorted(filter(None, ids))
    assert len(ids) > 3 * len(TABS) and ids == sorted(set(ids))


def test_building_draws_nothing(monkeypatch):
    """No picture is drawn, and no large weights are read, before somebody looks."""

    def forbidden(*args, **kwargs):
        raise AssertionError("a picture while the page is built")

    monkeypatch.setattr(ui, "data_uri", forbidden)
    blocks = app.build()
    assert any(getattr(part, "first_frames", ()) for part in blocks.blocks.values())


def test_the_first_picture_is_drawn_once_for_everybody(pages, monkeypatch):
    calls = []
    page = IDS[-1]
    first = pages._first
    monkeypatch.setattr(pages, "_first", lambda page: calls.append(page) or first(page))
    assert pages.packed(page) is pages.packed(page) and calls == [page]


def test_a_first_picture_whose_weights_are_missing_is_a_sentence_and_asked_for_again(monkeypatch):
    pages = shell.Pages(app.build(), TABS)

    def missing(name):
        raise CheckpointError("these weights are away")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "load", missing)
        packed = pages.packed("gan-training")
        assert json.loads(packed[""])["problem"] == "these weights are away"
    assert json.loads(pages.packed("gan-training")[""])["problem"] is None


@pytest.mark.parametrize("way", ["br", "gzip", ""])
def test_every_browser_gets_what_it_can_read(app_url, way):
    with HTTP.stream("GET", f"{app_url}/", headers={"accept-encoding": way}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers.get("content-encoding", "") == way
    text = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[way](raw)
    assert text.startswith(b"<!doctype html>")


def test_what_has_not_changed_is_not_sent_again(app_url):
    for path in ("", f"views/{IDS[0]}"):
        first = HTTP.get(f"{app_url}/{path}")
        again = HTTP.get(f"{app_url}/{path}", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_files_with_a_hash_are_kept_for_ever(app_url):
    page = HTTP.get(app_url).text
    for path in re.findall(r'(?:src|href)="\.?/?((?:look|assets)/[^"]+)"', page):
        answer = HTTP.get(f"{app_url}/{path}")
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], path
        assert answer.text, path
    assert HTTP.get(f"{app_url}/look/0000000000000000/style.css").status_code == 404
    assert HTTP.get(f"{app_url}/look/0000000000000000/nothing").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "tab=nope",
        "view=nope",
        "tab=" + quote("<script>alert(1)</script>"),
        "tab=" + "t" * 10_000,
        "tab=%00%ff&view=%E0%A4%A",
        "tab=gan&view=" + "v" * 10_000,
        "tab[]=gan&tab=vae&tab=gan",
        "__proto__=1",
    ],
)
def test_a_hostile_address_gets_a_whole_page_with_nothing_of_it_inside(app_url, query):
    answer = HTTP.get(f"{app_url}/?{query}")
    assert answer.status_code == 200 and "alert(1)" not in answer.text
    assert "v" * 100 not in answer.text and "t" * 100 not in answer.text
    assert re.search(r'page: "([\w-]+)"', answer.text)[1] in IDS


def test_no_text_of_a_view_can_end_the_script_it_stands_in(app_url):
    for page in IDS:
        tab, _, view = page.partition("-")
        text = HTTP.get(f"{app_url}/?tab={tab}&view={view}").text
        (script,) = re.findall(r"window\.gml_site = (.*?)</script>", text, re.DOTALL)
        assert "<" not in script


@pytest.mark.parametrize("page", IDS)
def test_gradio_s_own_address_of_a_view_leads_to_ours(app_url, page):
    answer = HTTP.get(f"{app_url}/{page}")
    tab, _, view = page.partition("-")
    assert answer.status_code == 307 and answer.headers["location"] == f"./?tab={tab}&view={view}"


@pytest.mark.parametrize("path", ["views/nope", "views/", "views/../app.py", "views/" + "v" * 5000])
def test_a_view_that_is_none_is_not_found(app_url, path):
    assert HTTP.get(f"{app_url}/{path}").status_code == 404


def test_the_code_on_a_slide_says_where_it_leads(app_url, monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://lecture.example/live")
    one, two = (HTTP.get(f"{app_url}/here.svg?tab=gan&seed={k}") for k in (1, 2))
    assert one.headers["content-type"] == "image/svg+xml" and one.text != two.text
    assert one.headers["x-reachable"] == "yes"
    monkeypatch.delenv("PUBLIC_URL")
    assert HTTP.get(f"{app_url}/here.svg?tab=gan").headers["x-reachable"] == "no"


@pytest.mark.parametrize("query", ["a" * 2000, "a=it's", "a=(1)", "x=" + quote("é" * 700)])
def test_what_is_no_link_gets_no_code(app_url, query):
    assert HTTP.get(f"{app_url}/here.svg?{query}").status_code == 400
    assert HTTP.get(f"{app_url}/here.svg?a=%3Cb%3E").status_code == 200, "letters of a link"


def test_a_new_session_asks_no_part_what_it_is(monkeypatch):
    """Gradio would describe the whole site anew for every visitor's first event."""
    blocks = app.build()

    def asked(self, *args):
        raise AssertionError("a part was asked again")

    for kind in (
        gr.HTML,
        gr.Slider,
        gr.Markdown,
        gr.Button,
        gr.Textbox,
        gr.Radio,
        gr.Column,
        gr.Row,
    ):
        monkeypatch.setattr(kind, "get_config", asked)
    one, two = SessionState(blocks), SessionState(blocks)
    some = next(k for k, v in one.config_values.items() if "value" in v["props"])
    one._update_value_in_config(some, "mine")
    assert two.config_values[some]["props"]["value"] != "mine", (
        "sessions share nothing that changes"
    )


def test_a_link_s_knobs_are_known_in_the_page(pages):
    for tab in pages.site:
        named = [name for view in tab["views"] for name in view["knobs"]]
        assert len(named) == len(set(named)), f"two views of {tab['id']} have a knob of one name"
    assert any(view["knobs"] for tab in pages.site for view in tab["views"])
