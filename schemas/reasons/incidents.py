"""Reasons for which the incidents service refuses orders."""

from schemas.reasons.reason import Reason

REASONS: dict[str, Reason] = {}
