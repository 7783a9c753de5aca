"""Reasons for which the logistics service refuses orders."""

from schemas.reasons.reason import Reason

REASONS: dict[str, Reason] = {}
