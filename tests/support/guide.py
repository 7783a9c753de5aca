"""The publisher's guide quotes files of examples/; `python -m tests.support.guide` quotes them anew."""

import re
from pathlib import Path

GUIDE = Path("docs/publishing.md")
EXAMPLES = Path("examples")
FENCE = re.compile(r"^```(?P<language>\w*) ?(?P<path>.*)\n(?P<code>(?s:.*?))^```$", re.MULTILINE)


def quoted(guide: str) -> str:
    """The guide with each code block as the file it names has it. Raises OSError for a file that is not there."""

    def block(found: re.Match[str]) -> str:
        return f"```{found['language']} {found['path']}\n{Path(found['path']).read_text()}```"

    return FENCE.sub(block, guide)


if __name__ == "__main__":
    GUIDE.write_text(quoted(GUIDE.read_text()))
