"""Measures the portal beside simple anchors on the same rows: ``script/bench``."""
