#!/usr/bin/env python
"""Django's command line for the portal; development settings unless told otherwise."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unionportal.settings.dev")
    from django.core.management import execute_from_command_line

    from unionportal.embedded import bootstrap

    bootstrap.before_settings(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
