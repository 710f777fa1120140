"""Filters of the drive API; nothing else is accepted."""

from __future__ import annotations

import django_filters

from outreach.models import Drive
from outreach.states import DriveState


class DriveFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=DriveState.choices)

    class Meta:
        model = Drive
        fields = ("state",)
