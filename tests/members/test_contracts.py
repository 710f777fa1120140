"""Collective contracts: whom they cover, what is refused, what the union's page says."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from members.actions import contracts, employer_merge
from members.actions.contracts import Signed
from members.models import CollectiveContract, ContractEmployer, UnionUnit
from members.queries.bodies import health_of
from tests.factories import members as make
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)
TERM = {"kind": "wage", "signed_on": DAY, "valid_to": date(2028, 3, 9)}


@pytest.fixture
def firms(district):
    """Two firms under the sub-district's union, one of them of its own union."""
    unit = UnionUnit.objects.get_parent(district.firm_a)
    own = make.employer(district.area_a, covered_by=district.firm_a)
    joint = make.employer(district.area_a, covered_by=unit)
    make.employer(district.area_b, covered_by=district.firm_b)
    return unit, own, joint


def covered(contract: CollectiveContract) -> set[object]:
    return set(contract.covered.values_list("employer", flat=True))


def test_an_area_contract_covers_the_firms_of_the_unions_below(firms, subdistrict_officer):
    unit, own, joint = firms
    signed = Signed(reach="area", **TERM)
    contract = contracts.record_contract(by=subdistrict_officer, unit=unit, signed=signed)
    assert covered(contract) == {own.pk, joint.pk}
    health = health_of(unit, date(2026, 11, 22))
    assert (health.contracts, health.covered) == (1, 2)
    assert health.contract_until == date(2028, 3, 9)
    assert health_of(unit, date(2028, 3, 9)).contracts == 0


def test_a_firms_contract_covers_that_firm_only(firms, district, subdistrict_officer):
    _unit, own, _joint = firms
    signed = Signed(reach="employer", **TERM)
    contract = contracts.record_contract(
        by=subdistrict_officer, unit=district.firm_a, signed=signed
    )
    assert covered(contract) == {own.pk}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"valid_to": date(2029, 3, 10)}, "validity"),
        ({"valid_to": DAY}, "validity"),
        ({"signed_on": date(2099, 1, 1), "valid_to": date(2100, 1, 1)}, "future"),
        ({"filed_on": date(2026, 3, 8)}, "filed_early"),
    ],
)
def test_a_contract_that_cannot_be_is_refused(fields, code, firms, district, subdistrict_officer):
    signed = Signed(**{**TERM, "reach": "employer", **fields})
    with pytest.raises(Refused) as refusal:
        contracts.record_contract(by=subdistrict_officer, unit=district.firm_a, signed=signed)
    assert refusal.value.code == code
    assert not CollectiveContract.objects.exists()


def test_once_with_somebody_to_cover_and_by_who_may(
    firms, district, subdistrict_officer, neighbour_officer
):
    signed = Signed(reach="employer", **TERM)
    values = {"unit": district.firm_a, "signed": signed}
    with pytest.raises(NotAllowed):
        contracts.record_contract(by=neighbour_officer, **values)
    contracts.record_contract(by=subdistrict_officer, **values)
    for unit, code in ((district.firm_a, "contract_known"), (district.pool_a, "no_employer")):
        with pytest.raises(Refused) as refusal:
            contracts.record_contract(by=subdistrict_officer, unit=unit, signed=signed)
        assert refusal.value.code == code
    make.employer(district.area_a, covered_by=district.firm_a)
    with pytest.raises(Refused) as refusal:
        contracts.record_contract(
            by=subdistrict_officer, unit=district.firm_a,
            signed=Signed(reach="employer", **{**TERM, "kind": "women"}),
        )  # fmt: skip
    assert refusal.value.code == "many_employers"


def test_it_is_filed_once_through_the_page(firms, district, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    page = reverse("members:unit-contract-new", args=[district.firm_a.pk])
    typed = {"kind": "wage", "reach": "employer", "signed_on": "2026-03-09",
             "valid_to": "2028-03-09", "filed_on": "", "document_no": "3号"}  # fmt: skip
    assert client.post(page, {"form_id": str(new_id()), **typed}).status_code == 302
    contract = CollectiveContract.objects.get()
    done = reverse("members:contract-filed", args=[contract.pk])
    papers = reverse("members:unit-papers", args=[district.firm_a.pk])
    assert done in client.get(papers).content.decode()
    post = {"filed_on": "2026-03-12"}
    assert client.post(done, {"form_id": str(new_id()), **post}).status_code == 302
    assert client.post(done, {"form_id": str(new_id()), **post}).status_code == 400
    contract.refresh_from_db()
    assert contract.filed_on == date(2026, 3, 12)
    shown = client.get(papers).content.decode()
    assert "3号" in shown
    assert done not in shown


def test_merged_employers_are_covered_once(firms, district_officer):
    unit, own, joint = firms
    make.contract(unit, reach="area")
    employer_merge.merge(by=district_officer, keep=own, double=joint, reason="one firm")
    assert list(ContractEmployer.objects.values_list("employer", flat=True)) == [own.pk]


def test_the_database_refuses_a_contract_that_ends_before_it_begins(firms, district):
    contract = make.contract(district.firm_a)
    rows = CollectiveContract.objects.filter(pk=contract.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(valid_to=contract.signed_on)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(filed_on=date(2026, 2, 1))


def test_the_api_counts_the_employers(firms, district, auditor, client_for):
    contract = make.contract(district.firm_a)
    client = client_for(auditor)
    path = "/api/v1/collective-contracts/?kind=wage&valid_after=2026-11-22"
    [row] = client.get(path).json()["results"]
    assert (row["id"], row["employers"]) == (str(contract.pk), 1)
    assert client.get(path.replace("2026-11-22", "2028-03-01")).json()["results"] == []
