"""The route by which a head office's own system sends its members, page by page."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.imports import feeding
from members.models import UnionUnit
from unionportal.core.api.fields import StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import create_once
from unionportal.core.models import User
from unionportal.core.roles import Permission

P = Permission


class FedMemberSerializer(StrictSerializer):
    """A member as the head office's system has it; the fields of a register's row, as text."""

    name = serializers.CharField(max_length=60)
    id_number = serializers.CharField(max_length=30)
    joined_on = serializers.CharField(max_length=20)
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    group = serializers.CharField(max_length=40, required=False, allow_blank=True)
    member_no = serializers.CharField(max_length=30, required=False, allow_blank=True)
    unit = serializers.CharField(max_length=120, required=False, allow_blank=True)
    employer = serializers.CharField(max_length=120, required=False, allow_blank=True)
    vehicle_plate = serializers.CharField(max_length=20, required=False, allow_blank=True)
    platform_name = serializers.CharField(max_length=60, required=False, allow_blank=True)


class LeaverSerializer(StrictSerializer):
    """Who left: by member number or by ID number, on which day, how."""

    how = serializers.ChoiceField(choices=feeding.LEAVINGS)
    ended_on = serializers.DateField()
    member_no = serializers.CharField(max_length=30, required=False, allow_blank=True)
    id_number = serializers.CharField(max_length=30, required=False, allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if bool(data.get("member_no")) == bool(data.get("id_number")):
            raise serializers.ValidationError(_("Give the member number or the ID number."))
        return data


class PageSerializer(StrictSerializer):
    """A page of a head office's members."""

    unit = serializers.PrimaryKeyRelatedField(queryset=UnionUnit.objects.none())
    as_of = serializers.DateField()
    members = FedMemberSerializer(many=True, default=list)
    left = LeaverSerializer(many=True, default=list)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if (request := self.context.get("request")) is not None:
            reach = UnionUnit.objects.visible_to(request.user, P.LOAD_REGISTRY)
            fields["unit"] = serializers.PrimaryKeyRelatedField(queryset=reach)
        return fields


class VerdictSerializer(serializers.Serializer[Any]):
    """What became of one row of the page, in its order."""

    verdict = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())


class ReceivedSerializer(serializers.Serializer[Any]):
    """The answer to a page; `import` names the import on the desk, where it can be undone."""

    members = VerdictSerializer(many=True)
    left = VerdictSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"import": serializers.UUIDField(allow_null=True), **super().get_fields()}


class FeedingMixin:
    """Adds POST external-members/people/."""

    @extend_schema(
        request=PageSerializer, responses={201: ReceivedSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    @action(detail=False, methods=["post"])
    def people(self, request: Request) -> Response:
        """Take a page of members of one external unit: new, changed and left; once per key."""
        body = PageSerializer(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        return create_once(request, lambda: _receive(cast(User, request.user), body.validated_data))


def _receive(by: User, data: dict[str, Any]) -> dict[str, Any]:
    page = feeding.Page(
        as_of=data["as_of"],
        members=data["members"],
        left=[feeding.Leaver(**leaver) for leaver in data["left"]],
    )
    received = feeding.receive(by=by, unit=data["unit"], page=page)
    return {
        "import": str(received.batch.pk) if received.batch else None,
        "members": _told(received.members),
        "left": _told(received.left),
    }


def _told(rows: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    return [{"verdict": verdict, "reasons": reasons} for verdict, reasons in rows]
