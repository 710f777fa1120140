from __future__ import annotations

from typing import Any

from rest_framework import serializers

from stations.models import ServicePoint


class PointSerializer(serializers.ModelSerializer[ServicePoint]):
    """A service point; lon and lat are WGS-84, the typed pair is in `typed`."""

    number = serializers.CharField(read_only=True)
    area_name = serializers.CharField(source="area.name", read_only=True)
    host = serializers.CharField(source="host_label", read_only=True)
    lon = serializers.FloatField(source="lon_wgs84", read_only=True)
    lat = serializers.FloatField(source="lat_wgs84", read_only=True)
    typed = serializers.SerializerMethodField()
    facilities = serializers.SerializerMethodField()
    hours = serializers.SerializerMethodField()

    class Meta:
        model = ServicePoint
        fields = (
            "id", "number", "kind", "name", "build_mode", "host", "area", "area_name", "address",
            "lon", "lat", "typed", "is_24h", "holiday_rule", "hours", "facilities", "entry_way",
            "entry_note", "phone", "state", "applied_on", "accepted_on", "published_on",
            "closed_on", "checked_on", "star_rating", "star_rated_on",
        )  # fmt: skip

    def get_typed(self, point: ServicePoint) -> dict[str, str]:
        return {"lon": str(point.lon), "lat": str(point.lat), "datum": point.datum}

    def get_facilities(self, point: ServicePoint) -> list[str]:
        return [one.code for one in point.facilities.all()]

    def get_hours(self, point: ServicePoint) -> list[dict[str, Any]]:
        """Weekday (0 = Monday) and minutes after midnight."""
        return [
            {"weekday": one.weekday, "opens": one.opens, "closes": one.closes}
            for one in point.hours.all()
        ]
