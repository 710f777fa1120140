"""Compare the books with themselves, keep what was found, and wake somebody when they differ."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from benefits import liveness, proofs
from benefits.models import BooksCheck
from unionportal.core import alerts, audit, jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.models import User

if TYPE_CHECKING:
    from unionportal.core.jobs import Progress
    from unionportal.core.models import Job

JOB = "benefits.check_books"
MOST_KEPT = 100


def check(*, by: User | None = None) -> BooksCheck:
    """Ask every rule of the money, and what is stuck; raise one alert when something is found.

    Each rule is one statement and sees one moment; the row tells when it began and ended.
    """
    started = timezone.now()
    found = list(chain(proofs.check(), liveness.stuck()))
    with transaction.atomic():
        made = BooksCheck.objects.create(
            asked_by=by, started_at=started, rules=len(proofs.CHECKS) + len(liveness.RULES),
            differences=len(found),
            found=[[one.code, one.subject, one.found] for one in found[:MOST_KEPT]],
        )  # fmt: skip
        audit.record(by=by or SYSTEM, verb="books.check", target=made,
                     data={"differences": len(found)})  # fmt: skip
        if found:
            codes = sorted({one.code for one in found})
            alerts.alert_once("books_differ", by=SYSTEM, target=made, data={"rules": codes})
    return made


def start_check(*, by: User) -> Job:
    """Have the books compared now, behind the page."""
    return jobs.start(kind=JOB, by=by, result_url="")


@jobs.handler(JOB)
def run(progress: Progress) -> None:
    """Do the job; a repeat after a kill only compares once more."""
    owner = User.objects.get(jobs=progress.job)
    check(by=owner)
