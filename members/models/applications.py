"""Applications: cases that end by writing a membership (domain.md 2.1)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.organisation import Area, Employer, UnionUnit, WorkerGroup
from members.models.people import IdType, Membership, Person
from members.models.unit_triggers import standing_unit
from members.states import APPLICATION_MACHINE, ApplicationState, Confirmation, Source
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class ApprovalDecision(models.Model):
    """The grassroots union's decision, as recorded: when, who signed, the scan."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    decided_on = models.DateField(_("decided on"))
    signer = models.CharField(_("signed by"), max_length=50)
    scan = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.CheckConstraint(name="decision_is_signed", condition=~Q(signer=""))]

    def __str__(self) -> str:
        return f"{self.decided_on} {self.signer}"


class ApplicationQuerySet(ScopedQuerySet["Application"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        areas = Area.objects.filter(scope.in_areas(""))
        return Q(unit_id__in=units.order_by().values("id")) | Q(
            area_id__in=areas.order_by().values("id")
        )


class Application(models.Model):
    """A wish to join. The person row is written on approval, or linked when already known."""

    machine = APPLICATION_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_ref = models.UUIDField(null=True, unique=True, editable=False)
    state = models.CharField(
        max_length=10, choices=ApplicationState, default=ApplicationState.SUBMITTED
    )
    source = models.CharField(max_length=10, choices=Source)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="applications")
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="applications")
    employer = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="applications"
    )
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=50)
    id_type = models.CharField(max_length=10, choices=IdType, default=IdType.CITIZEN)
    id_number = EncryptedTextField()
    id_index = models.UUIDField(db_index=True)
    id_masked = models.CharField(max_length=20)
    phone = EncryptedTextField()
    phone_index = models.UUIDField(db_index=True)
    phone_masked = models.CharField(max_length=11)
    # True only when the applicant answered a code sent to this phone.
    phone_is_verified = models.BooleanField(default=False)
    vehicle_plate = models.CharField(max_length=10, blank=True, default="")
    platform_name = models.CharField(max_length=40, blank=True, default="")
    confirmation = models.CharField(max_length=12, choices=Confirmation, default=Confirmation.NONE)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    evidence = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    # Null, not "": the token is unique where there is one.
    confirm_token = models.CharField(  # noqa: DJ001
        max_length=32, unique=True, null=True, editable=False
    )
    # The link by which the applicant completes what was returned.
    complete_token = models.CharField(  # noqa: DJ001
        max_length=32, unique=True, null=True, editable=False
    )
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="applications"
    )
    membership = models.OneToOneField(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="application"
    )
    decision = models.ForeignKey(
        ApprovalDecision,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="applications",
    )
    answer = models.CharField(max_length=200, blank=True, default="")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-submitted_at", "-id"], name="application_by_state"),
            models.Index(fields=["unit", "state"], name="application_by_unit"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="application_one_open_per_person",
                fields=["id_index"],
                condition=Q(state__in=["submitted", "returned"]),
                violation_error_message=_("This person has an open application already."),
            ),
            models.CheckConstraint(
                name="application_approved_has_result",
                condition=~Q(state="approved")
                | Q(membership__isnull=False, decision__isnull=False, person__isnull=False),
            ),
            models.CheckConstraint(
                name="application_confirmed_is_timed",
                condition=Q(confirmation="none", confirmed_at__isnull=True)
                | (~Q(confirmation="none") & Q(confirmed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="application_closed_is_timed",
                condition=Q(state__in=["submitted", "returned"], closed_at__isnull=True)
                | (~Q(state__in=["submitted", "returned"]) & Q(closed_at__isnull=False)),
            ),
        ]
        triggers = standing_unit("application_unit_stands", "n.state IN ('submitted', 'returned')")

    def __str__(self) -> str:
        return f"{self.name} ({self.get_state_display()})"
