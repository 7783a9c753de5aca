"""How long the long tests are: one setting, a twentieth of the full form unless told otherwise.

`KALIMAYA_TEST_SIZE=1` runs them at full length (`make test-long`); numbers in tests are those of the full form.
"""

import os

SIZE = float(os.environ.get("KALIMAYA_TEST_SIZE", "0.05"))


def sized(full: int) -> int:
    """This run's share of a number of steps, examples or messages."""
    return max(1, round(full * SIZE))
