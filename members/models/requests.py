"""What people ask about their own data: a copy, a correction, deletion (PIPL 44 to 47)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.people import Membership, Person
from members.states import REQUEST_MACHINE, RequestState
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class DataRequestQuerySet(ScopedQuerySet["DataRequest"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        return Q(person_id__in=mine.order_by().values("person_id"))


class DataRequest(models.Model):
    """One request with its deadline and its answer. `text` is what the person wrote."""

    class Kind(models.TextChoices):
        COPY = "copy", _("A copy of my data")
        CORRECT = "correct", _("Correct something")
        DELETE = "delete", _("Delete my data")

    class Subject(models.TextChoices):
        NAME = "name", _("Name")
        ID_NUMBER = "id_number", _("ID number")
        PHONE = "phone", _("Phone")
        OTHER = "other", _("Something else")

    machine = REQUEST_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="data_requests")
    kind = models.CharField(max_length=10, choices=Kind)
    subject = models.CharField(max_length=10, choices=Subject, blank=True, default="")
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    text = EncryptedTextField(blank=True, default="")
    filed_at = models.DateTimeField(db_default=Now(), editable=False)
    due_on = models.DateField()
    answer = models.CharField(max_length=300, blank=True, default="")
    evidence = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "due_on", "id"], name="request_by_deadline")]
        constraints = [
            models.UniqueConstraint(
                name="request_one_open_of_a_kind",
                fields=["person", "kind", "subject"],
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                name="request_correction_says_what",
                condition=Q(kind="correct") & ~Q(subject="") | ~Q(kind="correct") & Q(subject=""),
            ),
            models.CheckConstraint(
                name="request_closed_is_timed",
                condition=Q(state="open", closed_at__isnull=True, closed_by__isnull=True)
                | ~Q(state="open") & Q(closed_at__gte=F("filed_at")),
            ),
            models.CheckConstraint(
                name="request_refused_says_why",
                condition=~Q(state="refused") | ~Q(answer=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
