"""Photo, signature and papers of an application: what is taken, what is refused, who opens it."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw

from members.actions import applications, completion, papers
from members.models import Application, ApplicationFile
from members.models.files import FileKind
from members.states import ApplicationState, Confirmation
from tests.factories import members as make
from unionportal.core import files, images, reveal
from unionportal.core.actors import SYSTEM, WORKER_SELF
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import Attachment, AuditEvent, RevealEvent
from unionportal.core.models.messaging import OutboxMessage

pytestmark = pytest.mark.django_db
PLACE = 0x8825  # the EXIF directory of the position
EXIF = Image.Exif()
EXIF[PLACE] = {1: "N", 2: (34.0, 45.0, 0.0)}
EXIF[0x0112] = 6  # lies on its side


def signature() -> bytes:
    """A stroke on nothing, as the canvas gives it."""
    made, drawn = io.BytesIO(), Image.new("RGBA", (600, 300), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).line([(60, 200), (300, 60), (540, 220)], fill="black", width=8)
    drawn.save(made, "PNG")
    return made.getvalue()


def png(size: tuple[int, int]) -> bytes:
    made = io.BytesIO()
    Image.new("1", size).save(made, "PNG")
    return made.getvalue()


class Upload:
    def __init__(self, content: bytes, content_type: str = "image/jpeg"):
        self.content, self.content_type = content, content_type

    def store(self, *, by, kind) -> Attachment:
        return files.store(self.content, by=by, kind=kind, name="x", content_type=self.content_type)


@pytest.fixture
def application(district) -> Application:
    return make.application(district.firm_a)


def test_the_database_keeps_one_photo_an_application(application):
    ApplicationFile.objects.create(application=application, kind="photo", file=make.picture())
    with pytest.raises(IntegrityError, match="application_file_single"):
        ApplicationFile.objects.create(application=application, kind="photo", file=make.picture())


def test_a_photo_is_turned_upright_made_small_and_forgets_its_place():
    taken = make.jpeg((3000, 2000), exif=EXIF)
    assert PLACE in Image.open(io.BytesIO(taken)).getexif()
    kept = Image.open(io.BytesIO(images.clean_photo(taken)))
    assert (kept.format, kept.size) == ("JPEG", (560, 840))
    assert dict(kept.getexif()) == {}


def test_a_page_loses_what_hides_behind_the_picture():
    kept = images.clean_paper(make.jpeg((900, 1200)) + b"PK\x03\x04 a second file")
    assert b"PK" not in kept
    assert Image.open(io.BytesIO(kept)).size == (900, 1200)


def test_a_signature_becomes_grey_on_white():
    kept = Image.open(io.BytesIO(images.clean_signature(signature())))
    assert (kept.format, kept.mode, kept.getpixel((0, 0))) == ("PNG", "L", 255)
    assert kept.getextrema()[0] < 40


@pytest.mark.parametrize(
    ("clean", "content", "code"),
    [
        (images.clean_photo, png((20_000, 20_000)), "picture_too_large"),
        (images.clean_paper, png((9_000, 9_000)), "picture_too_large"),
        (images.clean_photo, make.jpeg((900, 900))[:-400], "broken_picture"),
        (images.clean_paper, b"\xff\xd8\xff" + b"0" * 100, "not_a_picture"),
        (images.clean_photo, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (images.clean_photo, b"GIF89a" + b"0" * 50, "not_a_picture"),
        (images.clean_photo, make.jpeg((100, 300)), "photo_too_small"),
        (images.clean_signature, png((300, 150)), "no_signature"),
    ],
    ids=["20000x20000", "81-megapixels", "truncated", "only-magic", "svg", "gif", "tiny", "blank"],
)
def test_a_picture_that_cannot_be_used_is_refused(clean, content, code):
    with pytest.raises(Refused) as refusal:
        clean(content)
    assert refusal.value.code == code


def test_a_new_photo_replaces_the_old_one_which_stays(application, field_officer):
    for _time in range(2):
        papers.add_file(
            by=field_officer, application=application, kind=FileKind.PHOTO,
            upload=Upload(make.jpeg()),
        )  # fmt: skip
    old, new = ApplicationFile.objects.order_by("added_at", "pk")
    assert (old.replaced_at is None, new.replaced_at) == (False, None)
    assert papers.photo_of(application) == new.file
    assert AuditEvent.objects.filter(verb="application.add_file").count() == 2


def test_content_lies_encrypted_under_a_random_name(application, settings):
    made = papers.add_file(
        by=WORKER_SELF, application=application, kind=FileKind.PHOTO, upload=Upload(make.jpeg())
    )
    on_disk = (Path(settings.FILES_ROOT) / made.file.path).read_bytes()
    assert make.jpeg()[:100] not in on_disk
    assert str(application.pk) not in made.file.path
    assert files.open_content(made.file) == make.jpeg()


def test_a_closed_application_takes_nothing_and_its_papers_end(application, subdistrict_officer):
    made = papers.add_file(
        by=SYSTEM, application=application, kind=FileKind.ID_COPY, upload=Upload(make.jpeg())
    )
    applications.reject(by=subdistrict_officer, application=application, reason="重复")
    made.file.refresh_from_db()
    assert made.file.expires_at.date() == (timezone.now() + papers.KEEP_CLOSED).date()
    with pytest.raises(Refused) as refusal:
        papers.add_file(
            by=SYSTEM, application=application, kind=FileKind.PHOTO, upload=Upload(b"x")
        )
    assert refusal.value.code == "application_closed"


def test_the_neighbour_adds_and_drops_nothing(application, neighbour_officer):
    made = papers.add_file(
        by=SYSTEM, application=application, kind=FileKind.OTHER, upload=Upload(b"x")
    )
    with pytest.raises(NotAllowed):
        papers.drop_file(by=neighbour_officer, file=made)
    with pytest.raises(NotAllowed):
        papers.add_file(
            by=neighbour_officer, application=application, kind=FileKind.PHOTO, upload=Upload(b"x")
        )


def post_file(client: Client, application: Application, kind: str, content: bytes, name: str):
    return client.post(
        reverse("members:application-file-add", args=[application.pk]),
        {"form_id": str(uuid4()), "kind": kind, "file": SimpleUploadedFile(name, content)},
        follow=True,
    )


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\nb.jpg", "\u202egpj.exe", "x" * 300, "photo"]
)
def test_whatever_a_file_is_called_it_gets_a_name_of_ours(
    name, application, subdistrict_officer, client_for
):
    client = client_for(subdistrict_officer)
    post_file(client, application, "photo", make.jpeg(), name)
    made = ApplicationFile.objects.get()
    answer = client.post(reverse("core:attachment", args=[made.file_id]))
    wanted = f'attachment; filename="photo-{made.file_id.hex[-8:]}.jpg"'
    assert answer.headers["Content-Disposition"] == wanted


def test_a_photo_stands_on_the_page_and_a_download_is_logged(
    application, subdistrict_officer, client_for
):
    client = client_for(subdistrict_officer)
    page = post_file(client, application, "photo", make.jpeg((400, 560), exif=EXIF), "p.jpg")
    made = ApplicationFile.objects.get()
    url = reverse("core:attachment", args=[made.file_id])
    assert f'src="{url}"' in page.content.decode()

    shown = client.get(url)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert (shown.headers["X-Content-Type-Options"], shown.headers["Cache-Control"]) == (
        "nosniff", "no-store",
    )  # fmt: skip
    assert RevealEvent.objects.count() == 0
    client.post(url)
    event = RevealEvent.objects.get()
    assert (event.fields, event.target_id) == (["file"], str(application.pk))
    assert reveal.looks_left(subdistrict_officer) == reveal.LOOKS_A_DAY


def test_a_paper_is_never_shown_in_a_page(application, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    post_file(client, application, "id_copy", make.jpeg((800, 500)), "id.jpg")
    url = reverse("core:attachment", args=[ApplicationFile.objects.get().file_id])
    assert [client.get(url).status_code, client.post(url).status_code] == [404, 200]


def test_a_replaced_photo_and_a_file_of_nothing_are_not_shown(
    application, subdistrict_officer, client_for
):
    client = client_for(subdistrict_officer)
    loose = make.picture()
    made = ApplicationFile.objects.create(
        application=application, kind="photo", file=make.picture()
    )
    papers.drop_file(by=subdistrict_officer, file=made)
    urls = [reverse("core:attachment", args=[pk]) for pk in (loose.pk, made.file_id)]
    assert [client.get(url).status_code for url in urls] == [404, 404]


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("photo", make.PDF, "no JPEG or PNG"),
        ("id_copy", b"<html><script>", "not a PDF, PNG or JPEG"),
        ("photo", b"", "empty"),
        ("id_copy", make.jpeg((900, 900))[:-400], "incomplete or damaged"),
    ],
)
def test_a_wrong_file_says_why(kind, content, words, application, subdistrict_officer, client_for):
    answer = post_file(client_for(subdistrict_officer), application, kind, content, "f.jpg")
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert not ApplicationFile.objects.exists()


@pytest.fixture
def returned(application, subdistrict_officer) -> Application:
    applications.return_(by=subdistrict_officer, application=application, reason="请补照片和签名")
    application.refresh_from_db()
    return application


def test_an_applicant_completes_by_the_texted_link(returned):
    text = OutboxMessage.objects.get(purpose="complete").body
    link = f"/complete/{returned.complete_token}/"
    assert link in text
    phone = Client(headers={"accept-language": "en"})
    assert "请补照片和签名" in phone.get(link).content.decode()

    pictures = {
        "photo": SimpleUploadedFile("p.jpg", make.jpeg()),
        "signature": SimpleUploadedFile("s.png", signature()),
    }
    done = phone.post(link, pictures)
    assert (done.status_code, "Sent in again" in done.content.decode()) == (200, True)
    returned.refresh_from_db()
    assert returned.state == ApplicationState.SUBMITTED
    assert sorted(returned.files.values_list("kind", flat=True)) == ["photo", "signature"]
    assert "nothing to complete" in phone.get(link).content.decode()


def test_a_broken_picture_keeps_the_application_returned(returned):
    phone = Client(headers={"accept-language": "en"})
    answer = phone.post(
        f"/complete/{returned.complete_token}/",
        {"photo": SimpleUploadedFile("p.jpg", make.jpeg((900, 900))[:-400])},
    )
    assert (answer.status_code, "incomplete or damaged" in answer.content.decode()) == (400, True)
    returned.refresh_from_db()
    assert (returned.state, returned.files.count()) == (ApplicationState.RETURNED, 0)


def test_sending_in_by_link_says_that_one_wishes_to_join(district, subdistrict_officer):
    made = applications.submit(
        by=SYSTEM, candidate=make.candidate(district.firm_a, confirmation=Confirmation.NONE)
    )
    applications.return_(by=subdistrict_officer, application=made, reason="缺身份证")
    completion.complete(token=made.complete_token)
    made.refresh_from_db()
    assert (made.state, made.confirmation) == (ApplicationState.SUBMITTED, Confirmation.SMS_LINK)


def test_a_decided_application_cannot_be_completed(returned, subdistrict_officer):
    applications.reject(by=subdistrict_officer, application=returned, reason="不符合")
    with pytest.raises(Stale):
        completion.complete(token=returned.complete_token)
    with pytest.raises(Refused, match="not valid"):
        completion.complete(token="none")
    assert Client().get("/complete/none/").status_code == 404
