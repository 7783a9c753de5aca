"""Reads the lists beside it, and writes docs/domain.md from it: `python -m tests.rules.rules`."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "domain.md"
LISTS = (
    "messages",
    "deployment",
    "logistics",
    "incidents",
    "picture",
    "watch_deployment",
    "watch_logistics",
    "watch_incidents",
)
HEAD = """# The rules of the domain

What Kalimaya holds to be right, rule by rule, and the code and the test that keep each. Written from
`tests/rules/*.yaml` by `python -m tests.rules.rules`; `make break-rules` breaks every rule in the code, one at a
time, and sees its test fail.
"""


class Rule(BaseModel):
    """One rule. Replacing `old`, which stands once in `file`, by `new` breaks it, and then `test` fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    part: str
    says: str
    file: str
    old: str
    new: str
    test: str

    def broken(self, source: str) -> str:
        """The file's text with this rule broken. Raises ValueError unless `old` stands there exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.id}: {self.old!r} stands {source.count(self.old)} times in {self.file}")
        return source.replace(self.old, self.new)


def load() -> list[Rule]:
    """All rules, in the order of the lists."""
    paths = (Path(__file__).parent / f"{name}.yaml" for name in LISTS)
    return [Rule.model_validate(each) for path in paths for each in yaml.safe_load(path.read_text()) or ()]


def page(rules: list[Rule]) -> str:
    """docs/domain.md."""
    parts = (line for part, several in groupby(rules, lambda rule: rule.part) for line in _part(part, several))
    return "\n".join([HEAD, *parts])


def _part(part: str, rules: Iterator[Rule]) -> Iterator[str]:
    yield f"## {part}\n"
    yield "| id | rule | code | test |"
    yield "|---|---|---|---|"
    for rule in rules:
        path, _, name = rule.test.partition("::")
        test = f"[{name.partition('[')[0]}](../{path})"
        yield f"| {rule.id} | {rule.says} | [{rule.file}](../{rule.file}) | {test} |"
    yield ""


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(load()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
