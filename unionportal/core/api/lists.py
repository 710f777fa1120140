"""Saved filters and files of lists in the REST API, by the same actions as the desk's pages."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import django_filters as filters
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from unionportal.core import saved
from unionportal.core.api.fields import StrictCharField, StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.errors import NotAllowed
from unionportal.core.exports import actions, registry
from unionportal.core.exports.actions import Wish
from unionportal.core.exports.queries import exports_of
from unionportal.core.models import ExportRequest, SavedFilter, User
from unionportal.core.models.lists import ExportState
from unionportal.core.roles import Permission, has_permission

P = Permission
LIST_NAMES = ("applications", "employers", "members", "units")


class SavedFilterSerializer(serializers.ModelSerializer[SavedFilter]):
    """A named query string of a list; `is_own` ones can be deleted."""

    is_own = serializers.SerializerMethodField()

    class Meta:
        model = SavedFilter
        fields = ("id", "list_name", "name", "query", "role", "unit", "is_own", "created_at")

    def get_is_own(self, row: SavedFilter) -> bool:
        return bool(row.owner_id == self.context["request"].user.pk)


class NewFilterSerializer(StrictSerializer):
    """`query` is the query string of the list's page; the same name is written over."""

    list_name = serializers.ChoiceField(choices=LIST_NAMES)
    name = StrictCharField(max_length=40)
    query = StrictCharField(max_length=2_000, allow_blank=True)
    share = serializers.ChoiceField(choices=saved.Share.choices, default=saved.Share.NOBODY)


class SavedFilterFilter(filters.FilterSet):  # type: ignore[misc]
    list_name = filters.CharFilter(max_length=30)

    class Meta:
        model = SavedFilter
        fields: tuple[str, ...] = ()


class SavedFilterViewSet(PortalViewSet):
    """Saved filters one may use: one's own and those shared with one."""

    queryset = SavedFilter.objects.all()
    serializer_class = SavedFilterSerializer
    filterset_class = SavedFilterFilter
    orderings = ("name", "-created_at")
    rights: ClassVar[dict[str, Permission]] = dict.fromkeys(
        ("list", "retrieve", "create", "destroy"), P.USE_DESK
    )
    http_method_names = ["get", "post", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[SavedFilter]:
        if getattr(self, "swagger_fake_view", False):
            return SavedFilter.objects.none()
        return SavedFilter.objects.usable_by(self.request.user)

    @extend_schema(
        request=NewFilterSerializer, responses={201: SavedFilterSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Save a filter; 400 when the list would not take its query string."""
        body = NewFilterSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return create_once(request, lambda: self._keep(body.validated_data))

    def _keep(self, data: dict[str, Any]) -> dict[str, Any]:
        user, source = cast(User, self.request.user), registry.get(data["list_name"])
        if not has_permission(user, source.permission):
            raise NotAllowed(_("Your role does not see this list."))
        source.rows(user, data["query"])
        made = saved.keep(by=user, **data)
        found = SavedFilter.objects.get(pk=made.pk)
        return _plain(SavedFilterSerializer(found, context=self.get_serializer_context()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Forget an own filter; 403 for somebody else's."""
        saved.drop(by=cast(User, request.user), one=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportSerializer(serializers.ModelSerializer[ExportRequest]):
    """A file of a list: `state` goes waiting (for a second person) → queued → ready.

    `download` is where the requester takes the file, by POST; null before it is ready.
    """

    done = serializers.IntegerField(source="job.done", default=0)
    file_name = serializers.CharField(source="file.name", default=None, allow_null=True)
    download = serializers.SerializerMethodField()

    class Meta:
        model = ExportRequest
        fields = (
            "id", "list_name", "query", "columns", "format", "is_unmasked", "reason", "row_count",
            "written", "state", "done", "note", "requested_by", "requested_at", "decided_by",
            "decided_at", "file_name", "download",
        )  # fmt: skip

    def get_download(self, row: ExportRequest) -> str | None:
        is_own = row.requested_by_id == self.context["request"].user.pk
        if row.state != ExportState.READY or not is_own:
            return None
        return f"/api/v1/exports/{row.pk}/download/"


class NewExportSerializer(StrictSerializer):
    """Columns in the order of the list; `reason` for full numbers and for more than 5,000 rows."""

    list_name = serializers.ChoiceField(choices=LIST_NAMES)
    columns = serializers.ListField(child=StrictCharField(max_length=40), max_length=60)
    query = StrictCharField(max_length=2_000, allow_blank=True, default="")
    format = serializers.ChoiceField(
        choices=ExportRequest.Format.choices, default=ExportRequest.Format.XLSX
    )
    is_unmasked = serializers.BooleanField(default=False)
    reason = StrictCharField(max_length=200, allow_blank=True, default="")


class RefusalSerializer(StrictSerializer):
    """Why the file is not given."""

    reason = StrictCharField(max_length=200)


class ExportFilter(filters.FilterSet):  # type: ignore[misc]
    state = filters.ChoiceFilter(choices=ExportState.choices)
    list_name = filters.CharFilter(max_length=30)

    class Meta:
        model = ExportRequest
        fields: tuple[str, ...] = ()


class ExportViewSet(PortalViewSet):
    """One's own files, and those that wait for a second person within one's reach."""

    queryset = ExportRequest.objects.all()
    serializer_class = ExportSerializer
    filterset_class = ExportFilter
    orderings = ("-requested_at", "requested_at")
    rights: ClassVar[dict[str, Permission]] = dict.fromkeys(
        ("list", "retrieve", "create", "approve", "refuse", "download"), P.EXPORT
    )

    def get_queryset(self) -> QuerySet[ExportRequest]:
        if getattr(self, "swagger_fake_view", False):
            return ExportRequest.objects.none()
        user = cast(User, self.request.user)
        if self.action == "list":
            return exports_of(user)
        own = Q(requested_by=user)
        if self.action != "download":
            own |= Q(pk__in=ExportRequest.objects.visible_to(user).values("pk"))
        rows = ExportRequest.objects.filter(own)
        return rows.select_related("requested_by", "decided_by", "job", "file", "unit")

    @extend_schema(
        request=NewExportSerializer, responses={201: ExportSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Ask for a file; masked and small it is written at once, else a second person agrees."""
        body = NewExportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return create_once(request, lambda: self._request(body.validated_data))

    def _request(self, data: dict[str, Any]) -> dict[str, Any]:
        made = actions.request(by=cast(User, self.request.user), wish=Wish(**data))
        return self._shown(made)

    def _shown(self, export: ExportRequest) -> dict[str, Any]:
        found = ExportRequest.objects.select_related("job", "file").get(pk=export.pk)
        return _plain(ExportSerializer(found, context=self.get_serializer_context()).data)

    @extend_schema(request=None, responses={200: ExportSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str | None = None) -> Response:
        """Agree, as a second person with the same reach; 409 when it was decided meanwhile."""
        export = actions.approve(by=cast(User, request.user), export=self.get_object())
        return Response(self._shown(export))

    @extend_schema(request=RefusalSerializer, responses={200: ExportSerializer})
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str | None = None) -> Response:
        """Refuse the file, with the reason."""
        export, body = self.get_object(), RefusalSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actions.refuse(
            by=cast(User, request.user), export=export, reason=body.validated_data["reason"]
        )
        return Response(self._shown(export))

    @extend_schema(request=None, responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["post"])
    def download(self, request: Request, pk: str | None = None) -> HttpResponseBase:
        """Give the requester the file; each taking is logged."""
        export = self.get_object()
        blocks = actions.download(by=cast(User, request.user), export=export)
        response = StreamingHttpResponse(blocks, content_type=export.file.content_type)
        name = content_disposition_header(True, export.file.name)
        response["Content-Disposition"] = name or "attachment"
        response["Cache-Control"] = "no-store"
        return response


def _plain(data: Any) -> dict[str, Any]:
    """Return what a serializer says as JSON keeps it, beside an Idempotency-Key."""
    return {name: _text(value) for name, value in data.items()}


def _text(value: Any) -> Any:
    return value if isinstance(value, (bool, int, list, dict, type(None))) else str(value)
