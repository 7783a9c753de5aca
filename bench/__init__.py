"""Measurements. Each prints ratios against a reference that ran in the same session; none of them is a test."""
