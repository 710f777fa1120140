"""The dated history of a membership's states: one row for every step (domain.md 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from members.models import Membership, StatusChange
from members.models.standing import RetainReason
from members.states import MEMBERSHIP_MACHINE, MembershipState
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import Attachment, User


class Step:
    """One step about to be taken by the locked `membership`; `write` it after the state changed.

    Raises `Refused` (`retain_reason`, `no_paper`) when the step lacks what it must have.
    """

    def __init__(
        self,
        membership: Membership,
        verb: str,
        *,
        by: User | ServiceActor,
        reason: str = "",
        reason_code: str = "",
        evidence: Attachment | None = None,
    ) -> None:
        self.row = StatusChange(
            membership=membership,
            verb=verb,
            from_state=membership.state,
            reason=reason[:200],
            reason_code=reason_code,
            evidence=evidence,
            recorded_by_id=by.pk,
        )
        target = MEMBERSHIP_MACHINE.step(verb).target
        if target == MembershipState.RETAINED and reason_code not in RetainReason.values:
            raise Refused(
                _("Say why the membership is retained."), code="retain_reason", field="reason_code"
            )
        if target == MembershipState.EXPELLED and evidence is None:
            raise Refused(
                _("Add the committee's decision: nobody is expelled without one."),
                code="no_paper",
                field="evidence",
            )

    def write(self, membership: Membership, day: date) -> StatusChange:
        """Write the row with the state `membership` has now."""
        self.row.to_state, self.row.day = membership.state, day
        self.row.save(force_insert=True)
        return self.row


def write_many(
    ids: Sequence[UUID],
    verb: str,
    source: MembershipState,
    target: MembershipState,
    *,
    by: User | ServiceActor,
    day: date,
    reason: str = "",
    reason_code: str = "",
) -> None:
    """Write the same step of many memberships, whose states have changed already."""
    StatusChange.objects.bulk_create(
        [
            StatusChange(
                membership_id=pk, verb=verb, from_state=source, to_state=target, day=day,
                reason=reason[:200], reason_code=reason_code,
                recorded_by_id=by.pk if isinstance(by, User) else None,
            )
            for pk in ids
        ],
        batch_size=2_000,
    )  # fmt: skip
