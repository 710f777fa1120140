"""Member cards, the accounts behind them, and what the bank was asked and answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.bankfiles import BankFile
from benefits.states.cards import (
    ACCOUNT_MACHINE,
    CARD_MACHINE,
    NUMBERED_CARD,
    OPEN_CARD,
    AccountKind,
    AccountSource,
    AccountState,
    CardEventKind,
    CardState,
)
from members.models import Membership, Person
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet

HOLD = timedelta(hours=24)


class PayeeAccountQuerySet(ScopedQuerySet["PayeeAccount"]):
    view_permission = Permission.VIEW_CARDS

    def scope_filter(self, scope: Scope) -> Q:
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        return Q(person_id__in=mine.values("person_id"))

    def usable(self, at: datetime | None = None) -> PayeeAccountQuerySet:
        """Accounts money may go to at `at` (default: now, by the database's clock).

        Of a kind the newest counts: while its hold lasts no money goes to the older one either.
        """
        newer = PayeeAccount.objects.filter(
            person=OuterRef("person"), kind=OuterRef("kind"), state=AccountState.ACTIVE,
            usable_from__gt=OuterRef("usable_from"),
        )  # fmt: skip
        return self.filter(~Exists(newer), state=AccountState.ACTIVE, usable_from__lte=at or Now())

    def typed(self) -> PayeeAccountQuerySet:
        """Those a person typed."""
        return self.filter(source__in=[AccountSource.STAFF, AccountSource.MEMBER])


class PayeeAccount(models.Model):
    """An account money can go to. `holder_name` is the name as the bank has it.

    A first account out of the bank's own card file is usable at once; one typed by staff or by the
    member needs a second person and 24 hours (security.md section 2, row 15).
    """

    machine = ACCOUNT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="payee_accounts")
    kind = models.CharField(max_length=10, choices=AccountKind, default=AccountKind.BANK_CARD)
    number = EncryptedTextField()
    number_index = models.UUIDField()
    number_masked = models.CharField(max_length=24)
    number_tail = models.CharField(max_length=4)
    holder_name = models.CharField(max_length=50)
    source = models.CharField(max_length=10, choices=AccountSource)
    state = models.CharField(max_length=8, choices=AccountState, default=AccountState.HELD)
    usable_from = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Of a typed account: the phone on file when it was typed, and the key of the link to stop it.
    notice_phone = EncryptedTextField(null=True)
    stop_token = models.CharField(max_length=43, blank=True, default="", editable=False)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = PayeeAccountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "state"], name="account_by_person")]
        constraints = [
            models.UniqueConstraint(
                name="account_number_once",
                fields=["kind", "number_index"],
                condition=~Q(state="closed"),
                violation_error_message=_("This account belongs to a person already."),
            ),
            models.UniqueConstraint(
                name="account_stop_token_once", fields=["stop_token"], condition=~Q(stop_token="")
            ),
            models.CheckConstraint(
                name="account_active_is_usable_from",
                condition=~Q(state="active") | Q(usable_from__isnull=False),
            ),
            models.CheckConstraint(
                name="account_typed_needs_second_person",
                condition=Q(source__in=["bank_file", "register"])
                | ~Q(state="active")
                | (
                    Q(confirmed_by__isnull=False, usable_from__gte=F("confirmed_at") + HOLD)
                    & (
                        Q(source="member", created_by__isnull=True)
                        | Q(created_by__isnull=False) & ~Q(created_by=F("confirmed_by"))
                    )
                ),
            ),
            models.CheckConstraint(
                name="account_from_register_is_cash",
                condition=~Q(source="register") | Q(kind="cash"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="account_typed_rests_a_day",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(
                    new__state="active", new__source__in=["staff", "member"]
                ),
                func="""
                    IF TG_OP = 'UPDATE' THEN
                        IF OLD.state = 'active' AND ROW(OLD.confirmed_at, OLD.usable_from,
                            OLD.created_by_id, OLD.confirmed_by_id) IS NOT DISTINCT FROM
                            ROW(NEW.confirmed_at, NEW.usable_from, NEW.created_by_id,
                                NEW.confirmed_by_id) THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                    IF NEW.confirmed_at < clock_timestamp() - interval '1 minute' THEN
                        RAISE EXCEPTION 'the day of rest begins when the account is confirmed'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.created_by_id <> NEW.confirmed_by_id AND
                        (SELECT person_key FROM core_user WHERE id = NEW.created_by_id)
                        = (SELECT person_key FROM core_user WHERE id = NEW.confirmed_by_id) THEN
                        RAISE EXCEPTION 'who types an account does not confirm it'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="account_number_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("number_index", "kind", "source"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number_masked


class MemberCardQuerySet(ScopedQuerySet["MemberCard"]):
    view_permission = Permission.VIEW_CARDS

    def scope_filter(self, scope: Scope) -> Q:
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        return Q(membership_id__in=mine.values("id"))

    def open(self) -> MemberCardQuerySet:
        """The one card of each person that stands."""
        return self.filter(state__in=OPEN_CARD)

    def requestable(self) -> MemberCardQuerySet:
        """Cards that wait for the next request file."""
        return self.filter(state=CardState.REQUESTED, request_file__isnull=True)


class MemberCard(models.Model):
    """A member's service card. Its number and its activation come from the bank's files only."""

    machine = CARD_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="cards")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cards")
    state = models.CharField(
        _("state"), max_length=12, choices=CardState, default=CardState.REQUESTED
    )
    card_no = EncryptedTextField(blank=True, default="")
    card_index = models.UUIDField(null=True)
    card_masked = models.CharField(_("card number"), max_length=24, blank=True, default="")
    card_tail = models.CharField(max_length=4, blank=True, default="")
    payee_account = models.ForeignKey(
        PayeeAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="cards"
    )
    # The file that carries, or carried last, the request for this card, and the line in it.
    request_file = models.ForeignKey(
        BankFile, null=True, blank=True, on_delete=models.PROTECT, related_name="cards"
    )
    request_seq = models.PositiveIntegerField(null=True)
    refusal_code = models.CharField(max_length=10, blank=True, default="")
    requested_at = models.DateTimeField(_("requested on"), db_default=Now())
    sent_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    handed_out_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(_("activated on"), null=True)
    closed_at = models.DateTimeField(null=True)

    objects = MemberCardQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="card_newest"),
            models.Index(fields=["state", "-requested_at", "-id"], name="card_by_state"),
            models.Index(fields=["card_index"], name="card_by_number"),
            models.Index(fields=["card_tail"], name="card_by_tail"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="card_one_open_per_person",
                fields=["person"],
                condition=Q(state__in=OPEN_CARD),
                violation_error_message=_("This person has a card already."),
            ),
            models.UniqueConstraint(
                name="card_number_once_open",
                fields=["card_index"],
                condition=Q(state__in=NUMBERED_CARD),
            ),
            models.CheckConstraint(
                name="card_made_has_number",
                condition=~Q(state__in=NUMBERED_CARD)
                | Q(card_index__isnull=False, payee_account__isnull=False, issued_at__isnull=False),
            ),
            models.CheckConstraint(
                name="card_activated_is_timed",
                condition=~Q(state="activated") | Q(activated_at__isnull=False),
            ),
            models.CheckConstraint(
                name="card_in_file_has_line",
                condition=Q(request_file__isnull=True, request_seq__isnull=True)
                | Q(request_file__isnull=False, request_seq__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.card_masked or str(self.pk)


class CardRequestLine(models.Model):
    """One line of a request file exactly as sent, so that the file can be rendered again."""

    class Outcome(models.TextChoices):
        NONE = "", _("No answer yet")
        ISSUED = "issued", _("Made by the bank")
        REJECTED = "rejected", _("Refused by the bank")

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="card_lines")
    seq = models.PositiveIntegerField()
    card = models.ForeignKey(MemberCard, on_delete=models.PROTECT, related_name="request_lines")
    name = models.CharField(max_length=50)
    id_type = models.CharField(max_length=10)
    id_number = EncryptedTextField()
    phone = EncryptedTextField()
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True, default="")
    code = models.CharField(max_length=10, blank=True, default="")
    answered_in = models.ForeignKey(
        BankFile, null=True, on_delete=models.PROTECT, related_name="answered_card_lines"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="card_line_seq_once", fields=["file", "seq"]),
            models.UniqueConstraint(name="card_line_card_once", fields=["file", "card"]),
            models.CheckConstraint(name="card_line_seq_positive", condition=Q(seq__gte=1)),
            models.CheckConstraint(
                name="card_line_answer_has_file",
                condition=Q(outcome="") | Q(answered_in__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.seq:06d}"


class CardEvent(models.Model):
    """What happened to a card, when, and the line of the bank's file that says so; append-only."""

    id = models.BigAutoField(primary_key=True)
    card = models.ForeignKey(MemberCard, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=CardEventKind)
    at = models.DateTimeField()
    file = models.ForeignKey(BankFile, null=True, on_delete=models.PROTECT, related_name="events")
    line = models.PositiveIntegerField(null=True)
    code = models.CharField(max_length=10, blank=True, default="")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["card", "at"], name="card_event_by_card")]
        constraints = [
            models.UniqueConstraint(
                name="card_event_once_per_line",
                fields=["file", "line", "kind"],
                condition=Q(file__isnull=False),
            ),
            models.CheckConstraint(
                name="card_activation_has_file",
                condition=~Q(kind="activated") | Q(file__isnull=False, line__isnull=False),
            ),
        ]
        triggers = append_only("card_event")

    def __str__(self) -> str:
        return f"{self.kind} {self.card_id}"
