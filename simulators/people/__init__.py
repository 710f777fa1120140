"""Simulated people: officers and workers who use a running portal over HTTP, as a browser does.

No ORM, no test client, no portal code: pages, forms, cookies and files only.
"""
