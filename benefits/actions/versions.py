"""Terms and cycles of a programme: a change of terms is a new version, a new period a new cycle."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits.actions import entitlements
from benefits.actions.rights import require
from benefits.models import Cycle, GoodsItem, Programme, ProgrammeVersion, Timing
from benefits.states.payouts import Beneficiary, Benefit, ProgrammeState
from members.models import Area, UnionUnit, WorkerGroup
from members.states import OPEN_MEMBERSHIP, MembershipState
from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@dataclass(frozen=True, slots=True)
class Rules:
    """Who a programme is for. Empty groups, units and areas ask nothing; days are included."""

    groups: tuple[str, ...] = ()
    units: tuple[UUID, ...] = ()
    areas: tuple[UUID, ...] = ()
    standings: tuple[str, ...] = (MembershipState.ACTIVE,)
    joined_from: date | None = None
    joined_to: date | None = None
    needs_card: bool = True
    needs_dues: bool = False
    timing: str = Timing.MET_INSIDE


@dataclass(frozen=True, slots=True)
class Gift:
    """What each gets where it is not money; `fetch_until` is the last day to fetch goods."""

    item: GoodsItem | None = None
    quantity: int | None = None
    points: int | None = None
    fetch_until: date | None = None


MONEY = Gift()


def write(
    programme: Programme,
    *,
    by: User | ServiceActor,
    amount_fen: int,
    rules: Rules,
    gift: Gift = MONEY,
    note: str = "",
) -> ProgrammeVersion:
    """Write the next version and put it in force, for whoever checked that `by` may.

    Raises `Refused` with the field for an amount that is none, days in the wrong order, a standing
    that is none, or a group, unit or area nobody knows.
    """
    check_amount(amount_fen)
    _check(programme, rules)
    _check_gift(programme, gift)
    last = programme.versions.order_by("-number").values_list("number", flat=True).first()
    version = ProgrammeVersion.objects.create(
        programme=programme, number=(last or 0) + 1, amount_fen=amount_fen, note=note,
        created_by_id=by.pk, item=gift.item, quantity=gift.quantity, points=gift.points,
        fetch_until=gift.fetch_until,
        **{name: list(value) if isinstance(value, tuple) else value
           for name, value in asdict(rules).items()},
    )  # fmt: skip
    Programme.objects.filter(pk=programme.pk).update(version=version)
    programme.version = version
    return version


def check_amount(amount_fen: int) -> None:
    """Raise `Refused` for an amount that is none."""
    if amount_fen <= 0:
        raise Refused(_("The amount must be above zero."), code="amount", field="amount")


def _check(programme: Programme, rules: Rules) -> None:
    if rules.joined_from and rules.joined_to and rules.joined_to < rules.joined_from:
        raise Refused(_("The last day is before the first day."), code="joined", field="joined_to")
    if not rules.standings or not set(rules.standings) <= set(OPEN_MEMBERSHIP):
        raise Refused(_("Choose who counts as a member."), code="standings", field="standings")
    if programme.beneficiary == Beneficiary.EMPLOYER and (rules.groups or rules.units):
        raise Refused(
            _("Groups and unions are asked of members; for employers choose areas."),
            code="employer_rules", field="groups",
        )  # fmt: skip
    for field, model, ids in (
        ("groups", WorkerGroup, rules.groups), ("units", UnionUnit, rules.units),
        ("areas", Area, rules.areas),
    ):  # fmt: skip
        _check_known(field, model, ids)


def _check_gift(programme: Programme, gift: Gift) -> None:
    """Refuse terms that give something else than the programme does."""
    wants = {
        Benefit.CASH: (),
        Benefit.GOODS: ("item", "quantity"),
        Benefit.POINTS: ("points",),
    }[Benefit(programme.benefit)]
    for field in ("item", "quantity", "points"):
        if bool(getattr(gift, field)) != (field in wants):
            raise Refused(
                _("Choose the goods and how many, or the points, as the programme gives them."),
                code="gift", field=field,
            )  # fmt: skip
    if programme.benefit == Benefit.POINTS and programme.beneficiary == Beneficiary.EMPLOYER:
        raise Refused(_("Points are for members."), code="gift", field="benefit")


def _check_known(field: str, model: type, ids: Collection[object]) -> None:
    known = model.objects.filter(pk__in=ids).count() if ids else 0  # type: ignore[attr-defined]
    if known != len(set(ids)):
        raise Refused(_("Choose from the list."), code="unknown", field=field)


@transaction.atomic
def change_terms(
    *,
    by: User | ServiceActor,
    programme: Programme,
    amount_fen: int,
    rules: Rules,
    note: str,
    gift: Gift = MONEY,
    seen: int | None = None,
) -> ProgrammeVersion:
    """Put new terms in force; rights given before keep theirs. Who qualifies now is entitled.

    `seen` is the version number the writer was shown. Raises `Stale` when there is a newer one or
    the programme is closed, `Refused` without a note or for terms that cannot be.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    locked = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    if locked.state == ProgrammeState.CLOSED:
        raise Stale(_("The programme is closed."), code="stale")
    if seen is not None and seen != locked.terms.number:
        raise Stale(_("The terms changed since you opened them. Look again."), code="stale")
    if not note.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="note")
    version = write(locked, by=by, amount_fen=amount_fen, rules=rules, gift=gift, note=note)
    audit.record(by=by, verb="programme.change_terms", target=locked, reason=note,
                 data={"version": version.number, "amount_fen": amount_fen})  # fmt: skip
    entitlements.evaluate(locked, by=by)
    return version


@transaction.atomic
def add_cycle(
    *,
    by: User | ServiceActor,
    programme: Programme,
    code: str,
    window_from: date,
    window_to: date,
) -> Cycle:
    """Add a period in which everyone may be entitled once more; the rest of the terms stay.

    Raises `Refused` for a used code, days in the wrong order or days of another cycle, `Stale` for
    a closed programme.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    locked = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    if locked.state == ProgrammeState.CLOSED:
        raise Stale(_("The programme is closed."), code="stale")
    if window_to < window_from:
        raise Refused(_("The last day is before the first day."), code="window", field="window_to")
    if locked.cycles.filter(code=code).exists():
        raise Refused(_("There is a cycle with this name."), code="code_used", field="cycle")
    try:
        with transaction.atomic():
            cycle = Cycle.objects.create(
                programme=locked, code=code, window_from=window_from, window_to=window_to
            )
    except IntegrityError as error:
        raise Refused(
            _("Another cycle of the programme has these days."), code="days", field="window_from"
        ) from error
    audit.record(by=by, verb="programme.add_cycle", target=locked, data={"cycle": str(cycle.pk)})
    entitlements.evaluate(locked, by=by)
    return cycle


@transaction.atomic
def close_cycle(*, by: User | ServiceActor, cycle: Cycle) -> Cycle:
    """Give no more rights in a cycle; those given stay. Raises `Stale` when it is closed."""
    require(by, Permission.MANAGE_PROGRAMMES)
    closed = Cycle.objects.filter(pk=cycle.pk, closed_at=None).update(closed_at=timezone.now())
    if not closed:
        raise Stale(_("The cycle is closed already."), code="stale")
    audit.record(by=by, verb="programme.close_cycle", target=cycle.programme,
                 data={"cycle": str(cycle.pk)})  # fmt: skip
    return cycle
