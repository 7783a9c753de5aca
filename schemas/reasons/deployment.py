"""Reasons for which the deployment service refuses orders."""

from schemas.reasons.reason import Reason

REASONS: dict[str, Reason] = {}
