"""Why a message was not accepted, in words that an operator can act on: an entry a reason code, English and Indonesian.

`Refused.detail` and `Rejected.detail` name the numbers and ids of one case; here is what the code means and what to do.
"""

from schemas.reasons import common, deployment, incidents, logistics
from schemas.reasons.reason import Reason

REASONS: dict[str, Reason] = {**common.REASONS, **deployment.REASONS, **logistics.REASONS, **incidents.REASONS}

__all__ = ["REASONS", "Reason"]
