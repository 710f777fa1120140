"""Change many members at once: choose, look, confirm, take back (one registry of kinds)."""
