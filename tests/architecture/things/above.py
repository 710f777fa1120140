"""Cards, money, drives and service points."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from benefits.actions import budgets, cardfiles, goods, versions
from benefits.models import (
    Account,
    BankFile,
    CashReceipt,
    DayRecord,
    Difference,
    LineSettlement,
    PayoutBatch,
    PayoutLine,
    SendingLock,
    Stock,
)
from benefits.states.cards import Transport
from members.models import (
    Membership,
)
from tests.architecture.things.registry import thing
from tests.conftest import SINCE
from tests.factories import members as make
from tests.factories import outreach, payouts, stations
from unionportal.core.actors import SYSTEM
from unionportal.core.ids import new_id
from unionportal.core.models import (
    Grant,
)

if TYPE_CHECKING:
    from tests.architecture.cast import Cast


STEPS = ("maker", "checker")


@thing
def card(cast: Cast) -> dict[str, Any]:
    member = Membership.objects.get(pk=cast.address_of("member")["pk"])
    waiting = {"membership": member, "person": member.person}
    return {"pk": payouts.MemberCard.objects.get_or_create(**waiting)[0].pk}


@thing
def payee_account(cast: Cast) -> dict[str, Any]:
    person = Membership.objects.get(pk=cast.address_of("member")["pk"]).person
    by = cast.users["subdistrict_officer@a"]
    return {"pk": payouts.typed_account(person, by=by).pk}


@thing
def account_link(cast: Cast) -> dict[str, Any]:
    made = payouts.PayeeAccount.objects.get(pk=cast.address_of("payee_account")["pk"])
    return {"token": made.stop_token}


@thing
def card_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("card"), "verb": "close"}


@thing
def cardfile(cast: Cast) -> dict[str, Any]:
    cast.address_of("card")
    by = cast.users["district_officer"]
    return {"pk": cardfiles.build_request(by=by, transport=Transport.MANUAL).pk}


@thing
def programme(cast: Cast) -> dict[str, Any]:
    cast.address_of("card")
    payouts.entitled_member(cast.place.firm_a)
    made = payouts.programme()
    payouts.entitlements.evaluate(made)
    return {"pk": made.pk}


@thing
def budget(cast: Cast) -> dict[str, Any]:
    made = payouts.Programme.objects.get(pk=cast.address_of("programme")["pk"])
    return {"pk": made.budget_id}


@thing
def book_account(cast: Cast) -> dict[str, Any]:
    return {"pk": Account.objects.get(budget=cast.address_of("budget")["pk"], pot="free").pk}


@thing
def budget_change(cast: Cast) -> dict[str, Any]:
    made = payouts.Programme.objects.get(pk=cast.address_of("programme")["pk"])
    by, more = cast.users["district_officer"], made.budget.total_fen + 1
    return {"pk": budgets.propose(by=by, programme=made, total_fen=more, reason="追加预算").pk}


@thing
def cycle(cast: Cast) -> dict[str, Any]:
    made = payouts.Programme.objects.get(pk=cast.address_of("programme")["pk"])
    return {"pk": made.cycle.pk}


@thing
def goods_right(cast: Cast) -> dict[str, Any]:
    oil = goods.add_item(by=SYSTEM, code="oil", name_zh="食用油", name_en="Oil", value_fen=4_500)
    goods.receive(by=SYSTEM, item=oil, store=cast.place.unit_a, quantity=9)
    member = cast.address_of("member")["pk"]
    rules = versions.Rules(timing="held_inside", needs_card=False)
    made = payouts.programme(
        benefit="goods", rules=rules, gift=versions.Gift(item=oil, quantity=1), amount_fen=4_500
    )
    return {"pk": made.entitlements.get(membership=member).pk}


@thing
def stock(cast: Cast) -> dict[str, Any]:
    cast.address_of("goods_right")
    return {"pk": Stock.objects.get(store=cast.place.unit_a).pk}


@thing
def points(cast: Cast) -> dict[str, Any]:
    member = Membership.objects.get(pk=cast.address_of("member")["pk"])
    payouts.programme(
        benefit="points", gift=versions.Gift(points=9), amount_fen=9,
        rules=versions.Rules(timing="held_inside", needs_card=False),
    )  # fmt: skip
    return {"pk": member.person_id}


@thing
def hand_out(cast: Cast) -> dict[str, Any]:
    right = payouts.Entitlement.objects.get(pk=cast.address_of("goods_right")["pk"])
    by = cast.users["district_officer"]
    stock = Stock.objects.get(store=cast.place.unit_a)
    return {"pk": goods.hand_out(by=by, entitlement=right, stock=stock, signature=make.scan(by)).pk}


@thing
def entitlement(cast: Cast) -> dict[str, Any]:
    return {"pk": payouts.Entitlement.objects.get(programme=cast.address_of("programme")["pk"]).pk}


@thing
def batch(cast: Cast) -> dict[str, Any]:
    rows = payouts.Programme.objects.get(pk=cast.address_of("programme")["pk"])
    return {"pk": payouts.batches.build(by=cast.users["finance_maker"], programme=rows).pk}


@thing
def line(cast: Cast) -> dict[str, Any]:
    return {"pk": PayoutLine.objects.get(batch=cast.address_of("batch")["pk"]).pk}


@thing
def notice(cast: Cast) -> dict[str, Any]:
    # The programme's member is entitled in this one, too; a new member would end the drive's.
    cast.address_of("programme")
    return {"pk": payouts.on_notice(*(cast.users[f"finance_{one}"] for one in STEPS)).pk}


@thing
def objection(cast: Cast) -> dict[str, Any]:
    batch = PayoutBatch.objects.get(pk=cast.address_of("notice")["pk"])
    return {"pk": payouts.objection(batch).pk}


@thing
def settlement(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    made = LineSettlement.objects.create(
        line_id=cast.address_of("line")["pk"], outcome="success", note="对账单上有这一笔",
        document=make.scan(maker), proposed_by=maker, proposed_key=maker.person_key,
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def cash_receipt(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    made = CashReceipt.objects.create(
        batch_id=cast.address_of("batch")["pk"], paid_on=SINCE, scan=make.scan(maker),
        recorded_by=maker, recorded_key=maker.person_key,
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def brought_file(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    number = PayoutBatch.objects.get(pk=cast.address_of("batch")["pk"]).number
    made = BankFile.objects.create(
        direction="in", kind="payout_result", number=number, name="R.txt", sha256="0" * 64,
        state="held", attachment=make.scan(maker), brought_key=maker.person_key,
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def sending_lock(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    made = SendingLock.objects.create(
        mark="another", since=SINCE, reason="drill", asked_by=maker, asked_key=maker.person_key
    )
    return {"pk": made.pk}


@thing
def match(cast: Cast) -> dict[str, Any]:
    made = DayRecord.objects.create(
        source="statement", channel="bank_file", day=SINCE, out_count=0, out_fen=0, back_count=0,
        back_fen=0, matched_at=timezone.now(),
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def difference(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    made = Difference.objects.create(
        record_id=cast.address_of("match")["pk"], kind="twice", key="B1", state="proposed",
        seen_in=new_id(), proposed_by=maker, proposed_key=maker.person_key, note="对账单",
        document=make.scan(maker),
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def drive(cast: Cast) -> dict[str, Any]:
    place = cast.place
    return {"pk": outreach.drive(place.unit_a, areas=[place.area_a]).pk}


@thing
def joincode(cast: Cast) -> dict[str, Any]:
    return {"pk": _code(cast).pk}


@thing
def poster(cast: Cast) -> dict[str, Any]:
    return {"code": _code(cast).code}


def _code(cast: Cast) -> Any:
    place = cast.place
    made = outreach.Drive.objects.get(pk=cast.address_of("drive")["pk"])
    return outreach.code(made, place.firm_a, place.area_a)


@thing
def patch(cast: Cast) -> dict[str, Any]:
    # Nobody's scope may widen by it, so its officer is none of those who are asked.
    officer = cast.users["nobody"]
    Grant.objects.create(
        user=officer, role="field_officer", unit=cast.place.firm_a, started_on=SINCE
    )
    made = outreach.patch(officer, cast.place.area_a)
    officer.grants.all().delete()
    return {"pk": made.pk}


@thing
def point(cast: Cast) -> dict[str, Any]:
    return {"pk": stations.make_point(cast.place.area_a, "draft").pk}


@thing
def point_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("point"), "verb": "apply"}


@thing
def holiday(cast: Cast) -> dict[str, Any]:
    made = stations.ServicePoint.objects.get(pk=cast.address_of("point")["pk"])
    day = timezone.localdate() + dt.timedelta(days=3)
    stations.actions.set_holiday(by=SYSTEM, point=made, day=day, spans=[], note="")
    return {"pk": made.pk, "day_pk": made.holidays.get().pk}


@thing
def published_point(cast: Cast) -> dict[str, Any]:
    return {"pk": stations.make_point(cast.place.area_a).pk}
