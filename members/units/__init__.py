"""Desk pages of union units beyond the tree: records, changes with preview, reminders."""
