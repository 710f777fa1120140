"""Pairs of records that may be one person, in the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.merging import actions
from members.merging.people import MERGED, SURVIVOR, choosable
from members.models import DuplicatePair, Person
from members.models.duplicates import Evidence
from members.states import PairState
from unionportal.core.api.fields import StrictCharField, StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.roles import Permission

P = Permission


class RecordSerializer(serializers.ModelSerializer[Person]):
    """One of the two records; numbers are masked, always."""

    class Meta:
        model = Person
        fields = ("id", "name", "id_type", "id_masked", "phone_masked", "birth_date")


class PairSerializer(serializers.ModelSerializer[DuplicatePair]):
    first = RecordSerializer()
    second = RecordSerializer()

    class Meta:
        model = DuplicatePair
        fields = ("id", "first", "second", "evidence", "strength", "state", "note", "found_at",
                  "decided_at")  # fmt: skip


class MergeSerializer(StrictSerializer):
    """Which record survives, whose value of each field is taken, and why."""

    survivor = serializers.ChoiceField(choices=["first", "second"])
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=[SURVIVOR, MERGED]), default=dict
    )
    reason = StrictCharField(max_length=200)

    def validate_choices(self, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(choosable())):
            raise serializers.ValidationError(_("Unknown field: %s") % ", ".join(unknown))
        return value


class DismissSerializer(StrictSerializer):
    """Why the two are two people."""

    reason = StrictCharField(max_length=200)


class PairFilter(filters.FilterSet):  # type: ignore[misc]
    state = filters.ChoiceFilter(choices=PairState.choices)
    evidence = filters.ChoiceFilter(choices=Evidence.choices, method="holding")

    class Meta:
        model = DuplicatePair
        fields: tuple[str, ...] = ()

    def holding(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(evidence__contains=[value])


class PairViewSet(PortalViewSet):
    """Pairs in reach: both people are; a pair across two areas is for the officer above both."""

    queryset = DuplicatePair.objects.standing().select_related("first", "second")
    serializer_class = PairSerializer
    filterset_class = PairFilter
    orderings = ("-strength", "-found_at", "found_at")
    rights: ClassVar[dict[str, Permission]] = {
        "list": P.VIEW_MEMBERS,
        "retrieve": P.VIEW_MEMBERS,
        "merge": P.APPROVE_APPLICATION,
        "dismiss": P.APPROVE_APPLICATION,
    }

    @extend_schema(
        request=MergeSerializer, responses={201: PairSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str | None = None) -> Response:
        """Merge the two records, once per Idempotency-Key; 400 says what stops it, 409 if stale."""
        pair, data = self.get_object(), self._read(MergeSerializer, request)
        return create_once(request, lambda: self._merge(pair, data))

    def _read(self, kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
        serializer = kind(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _merge(self, pair: DuplicatePair, data: dict[str, Any]) -> dict[str, Any]:
        survivor = pair.first if data["survivor"] == "first" else pair.second
        made = actions.merge_people(
            by=self.request.user, pair=pair, survivor=survivor, choices=data["choices"],
            reason=data["reason"],
        )  # fmt: skip
        return {"id": str(pair.pk), "state": str(pair.state), "merge": str(made.pk),
                "survivor": str(made.survivor_id)}  # fmt: skip

    @extend_schema(request=DismissSerializer, responses=PairSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str | None = None) -> Response:
        """Settle that the two are two people; 409 when the pair was decided before."""
        pair, data = self.get_object(), self._read(DismissSerializer, request)
        actions.dismiss(by=request.user, pair=pair, reason=data["reason"])
        return Response(PairSerializer(self.get_object()).data)
