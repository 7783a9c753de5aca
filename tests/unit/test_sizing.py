"""What an operation needs is reckoned as docs/sizing.md says."""

from bench.sizing import MESSAGES, OPERATIONS, page
from kalimaya.generated import ROOT


def test_the_page_is_what_is_reckoned() -> None:
    assert (ROOT / "docs/sizing.md").read_text() == page(), "run `make sizing`"


def test_what_was_run_is_what_is_reckoned_for_it() -> None:
    assert OPERATIONS[0].messages == MESSAGES
