"""Changes of many members in the REST API: preview by POST, then confirm, cancel or undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

import django_filters as filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.bulk import actions
from members.bulk.actions import Plan
from members.bulk.queries import changes_of
from members.bulk.selection import Selection, plain
from members.models import BulkChange, BulkRow, Membership, UnionUnit, WorkerGroup
from members.models.bulk import BulkKind, Finding
from members.models.standing import RetainReason
from members.states import BulkState
from unionportal.core.api.fields import StrictCharField, StrictSerializer, StrictUUIDField
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.models import User
from unionportal.core.roles import Permission

DECIDE = Permission.APPROVE_APPLICATION
# What each kind must be told.
NEEDED = {BulkKind.GROUP: "group", BulkKind.RETAIN: "reason_code", BulkKind.MOVE: "unit"}


class BulkChangeSerializer(serializers.ModelSerializer[BulkChange]):
    """`found`: members by what is found of each; `counts`: done, put_back, kept and why."""

    undo_until = serializers.SerializerMethodField()

    class Meta:
        model = BulkChange
        fields = (
            "id", "kind", "state", "params", "day", "reason", "query", "asked", "found", "counts",
            "created_at", "confirmed_at", "undone_at", "undo_until",
        )  # fmt: skip

    def get_undo_until(self, row: BulkChange) -> datetime | None:
        found: datetime | None = actions.undo_until(row)
        return found


class NewBulkSerializer(StrictSerializer):
    """Who (`members`, or `query`: the list's query string, "" for all) and what."""

    kind = serializers.ChoiceField(choices=BulkKind.choices)
    day = serializers.DateField()
    reason = StrictCharField(max_length=200)
    members = serializers.ListField(child=StrictUUIDField(), max_length=1_000, default=None)
    query = StrictCharField(max_length=2_000, allow_blank=True, default=None)
    group = serializers.PrimaryKeyRelatedField(queryset=WorkerGroup.objects.all(), default=None)
    reason_code = serializers.ChoiceField(choices=RetainReason.choices, default="")
    unit = serializers.PrimaryKeyRelatedField(queryset=UnionUnit.objects.none(), default=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "request" in self.context:
            seen = UnionUnit.objects.visible_to(self.context["request"].user, DECIDE)
            self.fields["unit"].queryset = seen  # type: ignore[attr-defined]

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        name = NEEDED.get(BulkKind(data["kind"]))
        if name and not data[name]:
            self.fields[name].fail("required")
        if (data["members"] is None) == (data["query"] is None):
            self.fields["members"].fail("required")
        return data

    def plan(self) -> Plan:
        """Return what valid data asks for."""
        data = self.validated_data
        name = NEEDED.get(BulkKind(data["kind"]))
        value = data[name] if name else None
        params = {name: str(getattr(value, "pk", value))} if name else {}
        return Plan(
            kind=BulkKind(data["kind"]), day=data["day"], reason=data["reason"], params=params
        )

    def selection(self) -> Selection:
        """Return who is meant."""
        data = self.validated_data
        if data["query"] is not None:
            return Selection(query=plain(data["query"]), is_whole=True)
        return Selection(ids=tuple(dict.fromkeys(data["members"])))


class UndoSerializer(StrictSerializer):
    """Why the change is taken back."""

    reason = StrictCharField(max_length=200)


class BulkChangeFilter(filters.FilterSet):  # type: ignore[misc]
    kind = filters.ChoiceFilter(choices=BulkKind.choices)
    state = filters.ChoiceFilter(choices=BulkState.choices)

    class Meta:
        model = BulkChange
        fields: tuple[str, ...] = ()


class BulkChangeViewSet(PortalViewSet):
    """Changes of many members in reach. POST makes a preview; nothing changes before `confirm`."""

    queryset = BulkChange.objects.all()
    serializer_class = BulkChangeSerializer
    filterset_class = BulkChangeFilter
    orderings = ("-created_at", "created_at")
    rights: ClassVar[dict[str, Permission]] = dict.fromkeys(
        ("list", "retrieve", "create", "confirm", "cancel", "undo"), DECIDE
    )

    @extend_schema(
        request=NewBulkSerializer, responses={201: BulkChangeSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Preview a change of the chosen members: who fits, who is left out and why."""
        body = NewBulkSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return create_once(request, lambda: self._stage(body))

    def _stage(self, body: NewBulkSerializer) -> dict[str, Any]:
        made = actions.stage(
            by=cast(User, self.request.user), plan=body.plan(), selection=body.selection()
        )
        return {"id": str(made.pk), "state": str(made.state), "asked": made.asked,
                "found": made.found}  # fmt: skip

    @extend_schema(request=None, responses={200: BulkChangeSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str | None = None) -> Response:
        """Start making the change; 409 when it does not wait any more."""
        actions.confirm(by=cast(User, request.user), change=self.get_object())
        return Response(BulkChangeSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: BulkChangeSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Drop a preview."""
        actions.cancel(by=cast(User, request.user), change=self.get_object())
        return Response(BulkChangeSerializer(self.get_object()).data)

    @extend_schema(request=UndoSerializer, responses={200: BulkChangeSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str | None = None) -> Response:
        """Start taking the change back, within seven days."""
        change, body = self.get_object(), UndoSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actions.undo(
            by=cast(User, request.user), change=change, reason=body.validated_data["reason"]
        )
        return Response(BulkChangeSerializer(self.get_object()).data)


class BulkRowSerializer(serializers.ModelSerializer[BulkRow]):
    """One member of a change: what is found, whether it was made or put back, why it was kept."""

    is_made = serializers.SerializerMethodField()

    class Meta:
        model = BulkRow
        fields = ("change", "membership", "finding", "is_made", "put_back", "kept")

    def get_is_made(self, row: BulkRow) -> bool:
        return row.made is not None


class BulkRowFilter(filters.FilterSet):  # type: ignore[misc]
    change = filters.UUIDFilter(field_name="change_id")
    finding = filters.ChoiceFilter(choices=Finding.choices)

    class Meta:
        model = BulkRow
        fields: tuple[str, ...] = ()


class BulkRowViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[BulkRow]):
    """Members of the changes in reach, each with what was found and what came of it."""

    queryset = BulkRow.objects.all()
    serializer_class = BulkRowSerializer
    filterset_class = BulkRowFilter
    orderings = ("id", "-id")
    rights: ClassVar[dict[str, Permission]] = {"list": DECIDE}

    def get_queryset(self) -> QuerySet[BulkRow]:
        if getattr(self, "swagger_fake_view", False):
            return BulkRow.objects.none()
        changes = changes_of(cast(User, self.request.user)).select_related(None)
        seen = Membership.objects.visible_to(cast(User, self.request.user)).order_by()
        return BulkRow.objects.filter(
            change__in=changes.order_by().values("pk"), membership__in=seen.values("pk")
        )
