"""What a class has shown, when its game ends."""

from demos.quiz import report, scores


def test_the_report_tells_generators_apart():
    """Two generators: one that everybody sees through, one that nobody does."""
    vote = dict(player="Ada", hidden=False, sure=90, real="100", sources=["photos", "bad", "good"])
    votes = [vote | dict(round=k, picks="101") for k in range(40)]
    bad, good = report.summary(votes)["by_source"]
    assert (bad["source"], bad["called_made"], bad["seen"]) == ("bad", 1.0, 40) and bad["low"] > 2
    assert (good["source"], good["called_made"]) == ("good", 0.0)
    assert good["low"] < 0 < good["high"]
    told = report.summary(votes)
    assert told["photographs"] == dict(seen=40, called_made=0.0), (
        "what a model's share stands beside"
    )
    nothing = report.summary([])
    assert nothing["by_source"] == nothing["confidence"] == [] and nothing["photographs"] is None


def test_how_sure_is_of_each_face_as_in_the_record_of_one_player():
    """Two of three right: not a vote that is wrong, but two faces that are right and one that is not."""
    vote = dict(player="Ada", hidden=False, picks="101", real="100", sources=["photos", "a", "b"])
    votes = [vote | dict(round=k, sure=sure) for k, sure in enumerate([75, 75, 79, 70, 50, 100])]
    told = report.summary(votes)
    columns = [(c["sure"], c["faces"], round(c["right"], 2)) for c in told["confidence"]]
    assert columns == [(50, 3, 0.67), (75, 12, 0.67), (100, 3, 0.67)]
    assert told["calibration"].startswith("On average 75 % sure of a face, and right about 67 %")
    assert len(scores.calibration(report.faces(votes))) == 3, "the bins of Your record"
