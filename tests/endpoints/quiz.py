"""The quiz: a good value for each parameter, and those that it must refuse."""

from tests.endpoints import text, whole

NAMED = '[{"made": ["VAE", "DCGAN", "VAE"], "said": ["VAE", "VAE", "%s"]}]'
DEEP = "[" * 5000
HALF = r'[{"picked": "1", "sure": 70, "real": "1", "from": ["\ud800", "a", "b"]}]'  # of a letter
ENDPOINTS = {
    "quiz_round": dict(
        game=text("a0b1c2d3e4", "8 to 40 small letters", "", "abc", "../../etc/x", "ABCDEFGH"),
        number=whole(3, 1, 500),
        deck=text("standard", "standard", "", "photos-", "pack", "photos-" + "A" * 24),
    ),
    # Not a token: that one can be answered once is told in tests/test_quiz_tab.py.
    "quiz_answer": dict(
        token=text("", "not one that this server dealt", "a.b", "A" * 40 + "." + "0" * 64),
        picked=text("13", "1, 2 and 3", "4", "11", "1234", "0", "1,2", "١"),
        sure=whole(70, 50, 100),
    ),
    "quiz_photos": dict(photos=text("[]", "3 to 40", "[]", "[1, 2, 3]", DEEP)),
    "quiz_record": dict(record=text("[]", "up to 500", "", "{}", "[1]", "[{}]", DEEP, HALF)),
    "maker_round": dict(
        game=text("a0b1c2d3e4", "8 to 40 small letters", "", "abc", "../../etc/x", "ABCDEFGH"),
        number=whole(3, 1, 500),
    ),
    # Not a token, as above: tests/test_quiz_maker.py.
    "maker_answer": dict(
        token=text("", "not one that this server dealt", "a.b", "A" * 40 + "." + "0" * 64),
        said=text("132", "digit from 1 to 3", "", "0", "13", "1324", "444", "1,2", "١٢٣"),
    ),
    "maker_record": dict(
        record=text(
            NAMED % "DCGAN", "up to 500", "", "{}", "[1]", "[{}]", NAMED % "<b>", DEEP, HALF
        )
    ),
}
