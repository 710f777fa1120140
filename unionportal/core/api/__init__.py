"""The strict REST base: unknown is refused, pages are cursors, errors are problem+json.

Bad-input rules: security.md section 4, rows 43 to 63.
"""
