"""The folder and the desk of files: claim, write, mark; take in once; a kill loses nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from benefits import outbound
from benefits.actions import bankfiles, cardfiles
from benefits.models import BankFile, CardEvent, MemberCard
from benefits.profiles.reading import MOST_BYTES
from benefits.states.cards import Transport
from benefits.tasks import collect_bank_files, send_batches
from benefits.transports import folder
from tests.factories import benefits as bank
from tests.factories.payouts import card_number
from unionportal.core import files
from unionportal.core.errors import Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment, AuditEvent

pytestmark = pytest.mark.django_db


def out() -> Path:
    return Path(settings.BANK_FOLDER) / "out"


def inbox() -> Path:
    return folder._folder("in")


@pytest.fixture
def ready(district, district_officer) -> BankFile:
    """A request that waits for the folder."""
    bank.waiting_card(district.firm_a)
    return cardfiles.build_request(by=district_officer)


def age_claim() -> None:
    BankFile.objects.update(claimed_at=timezone.now() - timedelta(minutes=1))


def test_waiting_file_is_written_and_marked(ready) -> None:
    assert bankfiles.send(ready.pk) is True
    [path] = out().iterdir()
    assert path.name == ready.name
    assert outbound.digest(path.read_bytes()) == ready.sha256
    row = BankFile.objects.get()
    assert (row.state, row.handed_over_by) == ("handed_over", None)
    assert bank.states() == ["sent_to_bank"]
    assert AuditEvent.objects.get(verb="bank_file.hand_over").actor_label == "service:system"


def test_file_with_the_bank_is_not_sent_again(ready) -> None:
    bankfiles.send(ready.pk)
    (out() / ready.name).unlink()
    assert bankfiles.send(ready.pk) is False
    assert list(out().iterdir()) == []


def test_file_somebody_else_is_writing_is_left_alone(ready) -> None:
    BankFile.objects.update(claimed_at=timezone.now())
    assert bankfiles.waiting_to_go_out() == []
    assert bankfiles.send(ready.pk) is False


class KilledError(BaseException):
    """The process is gone."""


def die(*_args, **_kwargs):
    raise KilledError


def killed_at(module, name: str, ready: BankFile, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, name, die)
        with pytest.raises(KilledError):
            bankfiles.send(ready.pk)
    assert BankFile.objects.get().state == "ready"
    assert bank.states() == ["requested"]
    age_claim()


def test_kill_between_publishing_and_the_mark_shows_the_bank_one_file(ready, monkeypatch) -> None:
    killed_at(bankfiles, "mark_handed_over", ready, monkeypatch)
    (out() / ready.name).unlink()  # the bank has taken it
    send_batches()
    assert list(out().iterdir()) == []
    assert bank.states() == ["sent_to_bank"]
    assert CardEvent.objects.filter(kind="sent").count() == 1


def test_kill_before_publishing_publishes_the_staged_file(ready, monkeypatch) -> None:
    killed_at(folder, "publish", ready, monkeypatch)
    [staged] = out().iterdir()
    assert staged.name.startswith(".")
    send_batches()
    assert [path.name for path in out().iterdir()] == [ready.name]
    assert outbound.digest((out() / ready.name).read_bytes()) == ready.sha256
    assert bank.states() == ["sent_to_bank"]


def test_kill_before_the_staging_is_recorded_stages_again(ready, monkeypatch) -> None:
    killed_at(folder, "stage", ready, monkeypatch)
    assert BankFile.objects.get().stage_token is None
    send_batches()
    assert [path.name for path in out().iterdir()] == [ready.name]
    assert bank.states() == ["sent_to_bank"]


def test_file_kept_back_holds_up_no_other(ready, district, district_officer) -> None:
    ready.card_lines.update(name="李四")  # no longer the bytes of its digest
    bank.waiting_card(district.firm_a)
    second = cardfiles.build_request(by=district_officer)
    assert bankfiles.send_waiting() == 1
    assert [path.name for path in out().iterdir()] == [second.name]
    assert BankFile.objects.get(pk=ready.pk).state == "ready"


def test_file_carried_by_hand_is_never_written_to_the_folder(district, district_officer) -> None:
    bank.waiting_card(district.firm_a)
    file = cardfiles.build_request(by=district_officer, transport=Transport.MANUAL)
    assert bankfiles.waiting_to_go_out() == []
    assert bankfiles.send(file.pk) is False


def test_staged_file_is_published_once(ready) -> None:
    token = new_id()
    folder.stage("a.txt", b"one", token)
    assert [path.name[0] for path in out().iterdir()] == ["."]
    assert [folder.publish("a.txt", token) for _n in range(2)] == [True, False]
    assert [path.read_bytes() for path in out().iterdir()] == [b"one"]
    folder.stage("b.txt", b"two", token)
    folder.drop_staged("b.txt", token)
    assert folder.publish("b.txt", token) is False


def test_answers_in_the_folder_are_applied_and_taken_away(ready) -> None:
    bankfiles.send(ready.pk)
    (inbox() / "CI_1.txt").write_bytes(bank.answer_bytes(ready))
    (inbox() / ".CI_2.txt").write_bytes(b"half")
    (inbox() / "sub").mkdir()
    collect_bank_files()
    assert sorted(path.name for path in inbox().iterdir()) == [".CI_2.txt", "sub"]
    assert bank.states() == ["issued"]
    row = BankFile.objects.get(direction="in")
    assert (row.name, row.state, row.transport) == ("CI_1.txt", "applied", "folder")


def test_kill_between_keeping_and_removing_makes_a_repeat(ready) -> None:
    bankfiles.send(ready.pk)
    content = bank.answer_bytes(ready)
    for _n in range(2):
        (inbox() / "CI_1.txt").write_bytes(content)
        bankfiles.collect()
    assert bankfiles.process_received() == 1
    assert bankfiles.process_received() == 0
    assert BankFile.objects.get(direction="in").repeats == 1
    assert bank.states() == ["issued"]


def test_links_in_the_folder_are_not_followed(ready, tmp_path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"H|CR1|")
    (inbox() / "CI_1.txt").symlink_to(secret)
    assert bankfiles.collect() == 0
    assert secret.exists()


def test_oversized_file_is_set_apart(ready) -> None:
    (inbox() / "CI_1.txt").write_bytes(b"H|CR1|" + b"x" * MOST_BYTES)
    collect_bank_files()
    row = BankFile.objects.get(direction="in")
    assert (row.state, row.problems) == (
        "quarantined", [{"code": "too_big", "line": None, "found": ""}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [(b"", "unknown", "empty"), (b"hello", "unknown", "unrecognised"),
     (b"PK\x03\x04", "unknown", "unrecognised"), (b"H|CR1|\r\n", "card_answer", "header"),
     (b"X|\r\n", "reject", "header")],
)  # fmt: skip
def test_file_nobody_knows_is_set_apart(ready, content, kind, code) -> None:
    receipt = bank.receive(content, "strange.bin")
    assert (receipt.file.kind, receipt.file.state) == (kind, "quarantined")
    assert [problem["code"] for problem in receipt.file.problems] == [code]
    assert bank.receive(content, "strange.bin").is_repeat


def test_kept_file_is_encrypted_and_ends_after_its_term(ready) -> None:
    content = bank.answer_bytes(ready)
    receipt = bank.receive(content, "CI.txt")
    attachment = receipt.file.attachment
    stored = (Path(settings.FILES_ROOT) / attachment.path).read_bytes()
    assert b"ISSUED" not in stored
    assert files.open_content(attachment) == content
    assert attachment.expires_at - timezone.now() > timedelta(days=89)


def test_file_that_failed_unexpectedly_stays_and_holds_up_no_other(ready, monkeypatch) -> None:
    bankfiles.send(ready.pk)
    with monkeypatch.context() as patch:
        patch.setattr(bankfiles, "_handle", lambda file, content: 1 / 0)
        (inbox() / "CI_1.txt").write_bytes(bank.answer_bytes(ready))
        collect_bank_files()
    assert BankFile.objects.get(direction="in").state == "received"
    collect_bank_files()
    assert BankFile.objects.get(direction="in").state == "applied"


def test_waiting_file_is_woken_in_the_transaction_of_the_one_it_waited_for(ready) -> None:
    bankfiles.send(ready.pk)
    number = card_number()
    early = bank.activate(number)
    answer = bankfiles._keep(bank.answer_bytes(ready, {1: number}), "CI.txt", bank.BANK, "folder")
    assert bankfiles._apply(answer.file.pk) == [early.file.pk]  # and we die here
    assert BankFile.objects.get(pk=early.file.pk).state == "received"
    bankfiles.process_received()
    assert bank.states() == ["activated"]


def test_read_again_tells_the_same_or_applies(ready, district_officer) -> None:
    receipt = bank.receive(bank.framed(ready.number, ["rubbish"]), "CI.txt")
    file = bankfiles.read_again(by=district_officer, file=receipt.file)
    assert file.state == "quarantined"
    assert AuditEvent.objects.filter(verb="bank_file.read_again").count() == 1


def test_empty_or_deleted_file_is_not_read_again(ready, district_officer) -> None:
    empty = bank.receive(b"", "CI.txt").file
    with pytest.raises(Refused) as caught:
        bankfiles.read_again(by=district_officer, file=empty)
    assert caught.value.code == "empty_file"
    gone = bank.receive(b"hello", "CI.txt").file
    Attachment.objects.update(expires_at=timezone.now() - timedelta(days=1))
    files.drop_expired()
    gone.refresh_from_db()
    with pytest.raises(Refused) as caught:
        bankfiles.read_again(by=district_officer, file=BankFile.objects.get(pk=gone.pk))
    assert caught.value.code == "file_gone"
    assert BankFile.objects.get(pk=gone.pk).state == "quarantined"


def test_file_set_aside_stays_aside(ready, district_officer) -> None:
    file = bank.receive(b"hello", "CI.txt").file
    with pytest.raises(Refused, match="Give a reason"):
        bankfiles.ignore(by=district_officer, file=file, reason="")
    bankfiles.ignore(by=district_officer, file=file, reason="not for us")
    assert BankFile.objects.get(pk=file.pk).state == "ignored"
    with pytest.raises(Stale):
        bankfiles.read_again(by=district_officer, file=file)


def test_no_content_of_a_request_is_stored(ready) -> None:
    bankfiles.send(ready.pk)
    person = MemberCard.objects.get().person
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(f)::text FROM benefits_bankfile f")
        [(text,)] = cursor.fetchall()
        cursor.execute("SELECT row_to_json(l)::text FROM benefits_cardrequestline l")
        [(line,)] = cursor.fetchall()
    for secret in (person.id_number, person.phone):
        assert secret not in text
        assert secret not in line
    assert not Attachment.objects.filter(kind="bank_file").exists()


def test_two_files_of_one_number_cannot_go_out(ready) -> None:
    copy = BankFile(
        direction="out", kind="card_request", number=ready.number, name="x", sha256="1" * 64,
        state="ready",
    )  # fmt: skip
    with pytest.raises(Exception, match="bank_file_number_once"), transaction.atomic():
        copy.save(force_insert=True)
