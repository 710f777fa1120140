"""Desk pages of the members app."""
