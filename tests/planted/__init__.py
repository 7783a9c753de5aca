"""Planted bugs: mistakes put into the real code one at a time, and who catches each, how soon."""
