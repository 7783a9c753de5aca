"""Two times through store and API: what a real PostgreSQL answers is what a fold of the facts that count says."""

from collections.abc import Sequence
from typing import Any

PAIRS = 25
POST, UNIT = "36.04.13.2009", "polairud-banten-001"
Documents = Sequence[dict[str, Any]]
