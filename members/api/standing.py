"""A member's record and steps in the API: the record by role, each step a POST of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members import record
from members.actions import classification, standing
from members.actions.standing import Change
from members.api.serializers import MemberSerializer
from members.models import Membership, StatusChange, WorkerGroup
from members.models.standing import RetainReason
from members.record import Kind, Sensitivity
from unionportal.core.api.fields import StrictCharField, StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import create_once
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet as Base
else:
    Base = object


MEMBER_STEPS = (
    "retain", "reactivate", "resign", "move_away", "record_death", "annul", "reclassify",
)  # fmt: skip


class StatusChangeSerializer(serializers.ModelSerializer[StatusChange]):
    """One step: from what to what, on which day, why."""

    class Meta:
        model = StatusChange
        fields = (
            "id", "verb", "from_state", "to_state", "day", "reason_code", "reason", "recorded_at",
        )  # fmt: skip


class MemberDetailSerializer(MemberSerializer):
    """A membership with its record and its steps.

    `record` holds stored values (codes, dates, texts) of the fields the caller's role may see;
    full numbers are never in it.
    """

    record = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(MemberSerializer.Meta):
        fields = (*MemberSerializer.Meta.fields, "record", "steps")

    @extend_schema_field(serializers.DictField())
    def get_record(self, membership: Membership) -> dict[str, Any]:
        user = self.context["request"].user
        seen = record.seen_by(may_reveal=has_permission(user, Permission.REVEAL))
        return {
            one.name: record.stored_value(membership, one)
            for one in seen
            if one.sensitivity != Sensitivity.NUMBER and one.kind not in (Kind.ROW, Kind.PLATE)
        }

    @extend_schema_field(StatusChangeSerializer(many=True))
    def get_steps(self, membership: Membership) -> Any:
        rows = membership.status_changes.order_by("day", "pk")
        return StatusChangeSerializer(rows, many=True).data


class StepSerializer(StrictSerializer):
    """What a step needs. `state` is what the caller saw; another one by now answers 409."""

    day = serializers.DateField()
    reason = StrictCharField(max_length=200, default="", allow_blank=True)
    state = StrictCharField(max_length=12, default=None, allow_null=True)


class RetainSerializer(StepSerializer):
    """Retaining says why by a code."""

    reason_code = serializers.ChoiceField(choices=RetainReason.choices)


class ReclassifySerializer(StrictSerializer):
    """The group from a day on; drivers' groups need a plate."""

    group = serializers.PrimaryKeyRelatedField(queryset=WorkerGroup.objects.all())
    day = serializers.DateField()
    plate = StrictCharField(max_length=20, default="", allow_blank=True)
    reason = StrictCharField(max_length=200, default="", allow_blank=True)


class StepAnswer(serializers.Serializer[Membership]):
    """How the membership stands after the step."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    group = serializers.CharField()
    ended_on = serializers.DateField(allow_null=True)


def _documented(request: type[serializers.Serializer[Any]]) -> Any:
    return extend_schema(request=request, responses={201: StepAnswer}, parameters=[IDEMPOTENCY_KEY])


class MemberSteps(Base):
    """The steps of a membership as POST sub-routes, each once per Idempotency-Key.

    An expulsion needs its paper and is recorded on the desk.
    """

    @_documented(RetainSerializer)
    @action(detail=True, methods=["post"])
    def retain(self, request: Request, pk: str) -> Response:
        """Retain the membership."""
        return self._step(request, "retain", RetainSerializer)

    @_documented(StepSerializer)
    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: str) -> Response:
        """Make a retained membership active again."""
        return self._step(request, "reactivate")

    @_documented(StepSerializer)
    @action(detail=True, methods=["post"])
    def resign(self, request: Request, pk: str) -> Response:
        """Record that the member left; needs a reason."""
        return self._step(request, "resign")

    @_documented(StepSerializer)
    @action(detail=True, methods=["post"], url_path="move-away", url_name="move-away")
    def move_away(self, request: Request, pk: str) -> Response:
        """Record a move to a union outside the portal."""
        return self._step(request, "move_away")

    @_documented(StepSerializer)
    @action(detail=True, methods=["post"], url_path="record-death", url_name="record-death")
    def record_death(self, request: Request, pk: str) -> Response:
        """Record a death."""
        return self._step(request, "record_death")

    @_documented(StepSerializer)
    @action(detail=True, methods=["post"])
    def annul(self, request: Request, pk: str) -> Response:
        """Annul a membership that never was true; needs a reason."""
        return self._step(request, "annul")

    @_documented(ReclassifySerializer)
    @action(detail=True, methods=["post"])
    def reclassify(self, request: Request, pk: str) -> Response:
        """Put the member into another worker group from a day on."""
        membership = self._member()
        form = ReclassifySerializer(data=request.data)
        form.is_valid(raise_exception=True)

        def run() -> dict[str, Any]:
            classification.reclassify(membership=membership, by=request.user, **form.validated_data)
            return self._answer(membership)

        return create_once(request, run)

    def _step(
        self,
        request: Request,
        verb: str,
        serializer: type[StepSerializer] = StepSerializer,
    ) -> Response:
        membership = self._member()
        form = serializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        seen = values.pop("state")

        def run() -> dict[str, Any]:
            standing.change(
                membership=membership, change=Change(verb=verb, **values), by=request.user,
                seen_state=seen,
            )  # fmt: skip
            return self._answer(membership)

        return create_once(request, run)

    def _member(self) -> Membership:
        """Return the membership in the address, in the reach of who may decide."""
        rows = Membership.objects.visible_to(self.request.user, Permission.APPROVE_APPLICATION)
        found: Membership | None = rows.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def _answer(self, membership: Membership) -> dict[str, Any]:
        row = Membership.objects.get(pk=membership.pk)
        return {
            "id": str(row.pk), "state": row.state, "group": row.group_id,
            "ended_on": row.ended_on.isoformat() if row.ended_on else None,
        }  # fmt: skip
