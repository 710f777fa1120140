"""What the API says of drives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.models import Drive
from outreach.queries import Board, Cell


class DriveSerializer(serializers.ModelSerializer[Drive]):
    last_on = serializers.DateField(read_only=True)
    owner_name = serializers.CharField(source="owner.name", read_only=True)

    class Meta:
        model = Drive
        fields = ("id", "name", "state", "started_on", "last_on", "owner", "owner_name",
                  "groups", "areas", "opened_at", "closed_at")  # fmt: skip
        read_only_fields = fields


class CellSerializer(serializers.Serializer[Cell]):
    """People joined against the target; `percent` is null without a target."""

    area = serializers.UUIDField(source="area_id", allow_null=True)
    area_name = serializers.SerializerMethodField()
    group = serializers.CharField(source="group_code")
    group_name = serializers.SerializerMethodField()
    actual = serializers.IntegerField()
    target = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)
    pace = serializers.CharField()

    def get_area_name(self, cell: Cell) -> str:
        return str(self.context["areas"].get(cell.area_id, ""))

    def get_group_name(self, cell: Cell) -> str:
        return str(self.context["groups"].get(cell.group_code, ""))


class BoardSerializer(serializers.Serializer[Board]):
    """A drive's board: its cells and sum, as of a moment."""

    drive = serializers.UUIDField(source="drive.pk")
    as_of = serializers.DateTimeField()
    total = CellSerializer(source="sum")
    outside = serializers.IntegerField()
    cells = CellSerializer(many=True)

    def __init__(self, instance: Any = None, **kwargs: Any) -> None:
        if isinstance(instance, Board):
            names = {
                "areas": {row.area.pk: row.area.name for row in instance.rows},
                "groups": {group.code: group.name for group in instance.groups},
            }
            kwargs["context"] = {**kwargs.get("context", {}), **names}
        super().__init__(instance, **kwargs)
