"""Coverage and figures over REST: numerator, denominator and date with every number."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members.queries import DEFINITION_VERSION
from unionportal.core.api.parameters import check_parameters
from unionportal.core.figures import figures
from unionportal.core.roles import Permission, has_permission
from unionportal.reports import queries
from unionportal.reports.forms import CoverageForm

BY = ("cell", "area", "group", "month")


class CoverageRowSerializer(serializers.Serializer[Any]):
    area = serializers.UUIDField(source="area.pk", allow_null=True, default=None)
    area_label = serializers.CharField(source="area.name", allow_null=True, default=None)
    group = serializers.CharField(source="group.pk", allow_null=True, default=None)
    group_label = serializers.CharField(source="group.name", allow_null=True, default=None)
    month = serializers.SerializerMethodField()
    members = serializers.IntegerField()
    joined = serializers.IntegerField()
    target = serializers.IntegerField()
    enrolled = serializers.IntegerField()
    percent = serializers.DecimalField(max_digits=7, decimal_places=1, allow_null=True)

    def get_month(self, row: queries.Row) -> str:
        return f"{row.month:%Y-%m}"


class RateRowSerializer(serializers.Serializer[Any]):
    area = serializers.UUIDField(source="area.pk", allow_null=True, default=None)
    area_label = serializers.CharField(source="area.name", allow_null=True, default=None)
    covered = serializers.IntegerField()
    employers = serializers.IntegerField()
    employers_missing = serializers.IntegerField()
    unionisation_percent = serializers.DecimalField(6, 1, allow_null=True)
    members = serializers.IntegerField()
    employees = serializers.IntegerField()
    employees_missing = serializers.IntegerField()
    membership_percent = serializers.DecimalField(6, 1, allow_null=True)


class FigureSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    definition = serializers.CharField()
    version = serializers.CharField()
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField(allow_null=True)
    percent = serializers.DecimalField(7, 1, allow_null=True)
    missing = serializers.IntegerField()
    as_of = serializers.DateField()


_PARAMETERS = [
    OpenApiParameter("by", enum=BY, description="How far rows are summed up; default cell."),
    OpenApiParameter("month", description="Last month, YYYY-MM; default this month."),
    OpenApiParameter("months", OpenApiTypes.INT, description="1 to 24 months; default 1."),
    OpenApiParameter("area", OpenApiTypes.UUID, description="One area with all below it."),
    OpenApiParameter("group", description="Code of one worker group."),
]


class CoverageView(APIView):
    """Return members by group × area × month against the drives' targets."""

    rights: ClassVar[dict[str, Permission]] = {"GET": Permission.VIEW_REPORTS}

    @extend_schema(parameters=_PARAMETERS, responses=CoverageRowSerializer(many=True))
    def get(self, request: Request) -> Response:
        check_parameters(request, {"by", *CoverageForm.base_fields})
        by = request.query_params.get("by", "cell")
        form = CoverageForm(request.query_params, user=request.user)
        if by not in BY or not form.is_valid():
            errors: dict[str, Any] = dict(form.errors)
            raise exceptions.ValidationError(errors or {"by": [", ".join(BY)]})
        filters = form.filters()
        rows = queries.coverage(request.user, filters, by)  # type: ignore[arg-type]
        return Response(
            {
                "as_of": timezone.localtime().isoformat(timespec="minutes"),
                "definition_version": DEFINITION_VERSION,
                "period": [f"{filters.period.first:%Y-%m}", f"{filters.period.last:%Y-%m}"],
                "results": CoverageRowSerializer(rows, many=True).data,
            }
        )


class RatesView(APIView):
    """Return the unionisation and membership rate by area, each with both parts."""

    rights: ClassVar[dict[str, Permission]] = {"GET": Permission.VIEW_REPORTS}

    @extend_schema(responses=RateRowSerializer(many=True))
    def get(self, request: Request) -> Response:
        check_parameters(request, set())
        today = timezone.localdate()
        rows = queries.rates(request.user, today)
        return Response(
            {
                "as_of": today.isoformat(),
                "definition_version": DEFINITION_VERSION,
                "results": RateRowSerializer(rows, many=True).data,
                "total": RateRowSerializer(queries.total(rows)).data,
            }
        )


class FiguresView(APIView):
    """Return every figure the caller may see, with numerator, denominator and date."""

    rights: ClassVar[dict[str, Permission]] = {"GET": Permission.USE_DESK}

    @extend_schema(responses=FigureSerializer(many=True))
    def get(self, request: Request) -> Response:
        check_parameters(request, set())
        today = timezone.localdate()
        found = []
        for figure in figures():
            if has_permission(request.user, figure.permission):
                value = figure.compute(request.user, today)
                found.append(
                    {
                        "id": figure.id,
                        "title": figure.title,
                        "definition": figure.definition,
                        "version": figure.version,
                        "numerator": value.numerator,
                        "denominator": value.denominator,
                        "percent": value.percent(),
                        "missing": value.missing,
                        "as_of": today,
                    }  # fmt: skip
                )
        return Response({"results": FigureSerializer(found, many=True).data})
