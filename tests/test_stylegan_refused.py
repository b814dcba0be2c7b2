"""The tab StyleGAN: what its handlers refuse, and that they change nothing."""

import pytest
import torch

import checkpoints
from demos.stylegan import face, latent, walk
from tests.answers import without_time
from tests.test_stylegan_tab import mixed


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1,,2",
        "a",
        "-1",
        "10000",
        "1.5",
        "NaN",
        None,
        7,
        [1],
        "1 2",
        "1, 2, 3 4",
        ", ".join(["1"] * 50),
        "<b>",
        "\n1",
        "١",
        "1" * 10_000,
        True,
    ],
)
def test_people_that_are_none(text):
    with pytest.raises(ValueError, match=r"1 to 8 faces.*0 to 9999.*one for each layer"):
        mixed(text, "1", "0", 0.7)
    with pytest.raises(ValueError, match=r"^Columns"):
        mixed("1", text, "0", 0.7)


@pytest.mark.parametrize(
    "text", ["8", "-1", "0,,1", "a", "0 1", "1.0", None, 3, [0], "9" * 300, "99"]
)
def test_layers_out_of_range(text):
    with pytest.raises(ValueError, match=f"from 0 to {latent.generator().layers - 1}"):
        mixed("1", "2", text, 0.7)


def test_more_than_one_face_where_one_is_meant():
    with pytest.raises(ValueError, match="one face"):
        face.one_face("1, 2", 0.7, 3, "fixed", 1, 1, 1, 1)


def test_ints_do_and_nothing_is_written_to():
    before = {k: t.clone() for k, t in latent.generator().state_dict().items()}
    answers = [
        [
            mixed("1", "2", "0", 1),
            face.one_face("1", 1, 2, "new", 1, 1, 1, 1),
            walk.walk_faces(1, 2),
        ]
        for _ in range(2)
    ]
    assert without_time(answers[0]) == without_time(answers[1])
    assert all(
        torch.equal(t, before[k]) for k, t in checkpoints.load(latent.SHIPPED).state_dict().items()
    )
