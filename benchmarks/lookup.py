"""The worker's status form beside a bare view that reads one row by the ORM."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle, islice
from random import Random

from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from benchmarks.rounds import Goal, Pair
from members.actions.candidates import person_index
from members.models import Person
from tests.members.roster_files import id_number
from unionportal.core.models import OutboxMessage
from unionportal.urls import urlpatterns as portal

LOOKS = 40
PEOPLE = 1_500
Form = dict[str, str]


def bare(request: HttpRequest) -> HttpResponse:
    """Read one person's name by the blind index and answer with it."""
    index = person_index("citizen", request.POST["id_number"])
    found = Person.objects.filter(id_index=index).values_list("name", flat=True).first()
    return HttpResponse(found or "-")


urlpatterns = [path("bare/", bare), *portal]


class Lookups:
    """Random people of the whole table, a new visitor and address for each look."""

    def __init__(self, seed: int = 1) -> None:
        keys = sorted(Person.objects.filter(id_type="citizen").values_list("pk", flat=True))
        self.keys = cycle(Random(seed).sample(keys, k=min(len(keys), PEOPLE)))
        self.strangers = ({"name": "测试员甲", "id_number": id_number(n)} for n in count(200_000))
        self.addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count(1))
        self.known: list[Form] = []
        self.unknown: list[Form] = []
        self.wrong = ""

    def pairs(self) -> Iterator[Pair]:
        yield Pair(
            key="bare_view", job="status look-up", candidate="the form",
            anchor="bare one-query ORM view",
            run=self._ask, run_anchor=self._read, between=self._draw, per=LOOKS, each="look",
            goal=Goal(at_most=2.5), check=self._check,
        )  # fmt: skip
        yield Pair(
            key="unknown", job="status look-up", candidate="nobody known", anchor="somebody known",
            run=self._ask_in_vain, run_anchor=self._ask, between=self._draw, per=LOOKS,
            each="look", goal=Goal(at_least=0.95, at_most=1.05), check=self._check,
        )  # fmt: skip

    def _draw(self) -> None:
        people = (Person.objects.get(pk=key) for key in islice(self.keys, LOOKS))
        self.known = [{"name": p.name, "id_number": p.id_number} for p in people]
        self.unknown = list(islice(self.strangers, LOOKS))

    def _ask(self) -> None:
        self._post("/status/", self.known, 302)

    def _ask_in_vain(self) -> None:
        self._post("/status/", self.unknown, 302)

    def _read(self) -> None:
        self._post("/bare/", self.known, 200)

    def _post(self, address: str, forms: list[Form], expected: int) -> None:
        with override_settings(ROOT_URLCONF="benchmarks.lookup"):
            for form in forms:
                answer = Client(REMOTE_ADDR=next(self.addresses)).post(address, form)
                if answer.status_code != expected:
                    self.wrong = f"{address} answered {answer.status_code}"

    def _check(self) -> str:
        if not OutboxMessage.objects.filter(purpose="status").exists():
            return "no code was sent"
        return self.wrong
