"""What the API says of members, masked, and what it takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from members.actions.candidates import Candidate
from members.models import (
    Application,
    ApplicationFile,
    Area,
    Employer,
    Membership,
    UnionUnit,
    WorkerGroup,
)
from members.models.people import IdType
from members.states import Confirmation, Source
from unionportal.core.api.fields import StrictCharField, StrictSerializer, StrictUUIDField
from unionportal.core.models import User
from unionportal.core.roles import Permission


class AreaSerializer(serializers.ModelSerializer[Area]):
    """An area with the days it was one (`valid_to`: the first it was not) and what it became."""

    successors = serializers.SerializerMethodField()

    def get_successors(self, area: Area) -> list[str]:
        return [str(row.successor_id) for row in area.successions.all()]

    class Meta:
        model = Area
        fields = (
            "id", "code", "name_zh", "name_en", "kind", "level", "depth", "valid_from", "valid_to",
            "successors",
        )  # fmt: skip


class UnitSerializer(serializers.ModelSerializer[UnionUnit]):
    area_code = serializers.CharField(source="area.code", default=None)

    class Meta:
        model = UnionUnit
        fields = (
            "id", "name", "kind", "status", "area", "area_code", "industrial_parent", "credit_code",
            "is_external", "depth", "numchild", "established_on", "dissolved_on",
            "reported_members", "reported_on",
        )  # fmt: skip


class EmployerSerializer(serializers.ModelSerializer[Employer]):
    class Meta:
        model = Employer
        fields = (
            "id", "name", "credit_code", "area", "industry", "ownership", "headcount",
            "headcount_on", "headcount_source", "union_state", "union_elsewhere",
            "is_preparing_union", "is_platform_company", "pays_dues", "is_operating",
        )  # fmt: skip


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A membership; numbers are masked, always."""

    name = serializers.CharField(source="person.name")
    id_masked = serializers.CharField(source="person.id_masked")
    phone_masked = serializers.CharField(source="person.phone_masked")
    phone_state = serializers.CharField(source="person.phone_state")

    class Meta:
        model = Membership
        fields = (
            "id", "member_no", "name", "id_masked", "phone_masked", "phone_state", "state",
            "confirmation", "source", "group", "unit", "employer", "joined_on", "ended_on",
            "employment_form", "employment_status", "occupation",
        )  # fmt: skip


class ApplicationFileSerializer(serializers.ModelSerializer[ApplicationFile]):
    """That a paper is there; its content is opened on the desk, where that is logged."""

    class Meta:
        model = ApplicationFile
        fields = ("id", "kind", "added_at")


class ApplicationSerializer(serializers.ModelSerializer[Application]):
    """An application; numbers are masked, always."""

    files = ApplicationFileSerializer(many=True, read_only=True)

    class Meta:
        model = Application
        fields = (
            "id", "state", "source", "name", "id_type", "id_masked", "phone_masked", "group",
            "unit", "area", "employer", "confirmation", "membership", "answer", "submitted_at",
            "closed_at", "files",
        )  # fmt: skip


class CandidateSerializer(StrictSerializer):
    """A new application."""

    name = StrictCharField(max_length=60)
    id_type = serializers.ChoiceField(choices=IdType.choices, default=IdType.CITIZEN)
    id_number = StrictCharField(max_length=30)
    phone = StrictCharField(max_length=30)
    group = serializers.PrimaryKeyRelatedField(queryset=WorkerGroup.objects.all())
    unit = serializers.PrimaryKeyRelatedField(queryset=UnionUnit.objects.none())
    employer = serializers.PrimaryKeyRelatedField(
        queryset=Employer.objects.none(), default=None, allow_null=True
    )
    vehicle_plate = StrictCharField(max_length=20, default="", allow_blank=True)
    platform_name = StrictCharField(max_length=40, default="", allow_blank=True)
    client_ref = StrictUUIDField(default=None, allow_null=True)
    ask_by_sms = serializers.BooleanField(default=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        user = self._user()
        if user is not None:
            units = UnionUnit.objects.visible_to(user, Permission.ENROL)
            fields["unit"].queryset = units  # type: ignore[attr-defined]
            fields["employer"].queryset = Employer.objects.visible_to(user)  # type: ignore[attr-defined]
        return fields

    def _user(self) -> User | None:
        request = self.context.get("request")
        return request.user if request is not None else None

    def candidate(self) -> Candidate:
        """Return the checked values for the action; nobody has confirmed anything yet."""
        values = {**self.validated_data}
        values.pop("ask_by_sms")
        return Candidate(**values, source=Source.FORM, confirmation=Confirmation.NONE)
