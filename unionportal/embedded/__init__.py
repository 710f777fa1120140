"""Start the portal with one command: private PostgreSQL and Valkey, web, worker and beat.

Nothing here needs Django's settings at import, because ``manage.py up`` has to make the secrets
that the settings read. Fit for trial, development, tests and a small single machine.
"""
