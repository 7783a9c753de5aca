"""docs/reliability.md says what the results of runs say, and what was not run is said to be so."""

from pathlib import Path

from tests.chaos import report, results


def test_the_page_says_what_the_results_say(tmp_path: Path) -> None:
    assert report.page(tmp_path).count("Not run.") == 5
    around = {"date": "2019-11-03T05:00+00:00", "commit": "abc", "changed": False, "machine": "2 cores"}
    kill = around | {"kind": "decider", "target": "deployment", "limit": 10}
    for seconds in (1.0, 2.0, 30.0):
        results.add("recovery", kill | {"decided": seconds, "projected": None}, tmp_path)
    for seconds, snapshots in ((2.0, True), (6.0, True), (20.0, False)):
        results.add("restart", around | {"messages": 7, "snapshots": snapshots, "seconds": seconds, "mib": 9}, tmp_path)
    results.add("planted-audit", {"bug": "a hole", "caught_by": "audit", "after": "1 record"}, tmp_path)
    page = report.page(tmp_path)
    assert "| decider | decided | 3 | 2.0 | 29.4 | 30.0 | 10 | 2 of 3 |" in page
    assert "| decider | projected | 3 | inf | inf | inf | 10 | 0 of 3 |" in page
    assert "| its snapshots | 7 | 2 | 4.0 | 6.0 | 6.0 | 5 | 1 of 2 | 9 |" in page
    assert "| none: it folds the log | 7 | 1 | 20.0 | 20.0 | 20.0 | none |  | 9 |" in page
    assert "| a hole | audit | 1 record |" in page
