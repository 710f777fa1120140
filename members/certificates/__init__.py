"""Certificates: one page each, sheets to print, withdrawn and issued again."""
