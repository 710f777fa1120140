"""Photo, signature and papers of an application: what is taken, what is refused, who opens it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from members.models import ApplicationFile
from members.models.files import FileKind
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def test_the_database_keeps_one_photo_an_application(district):
    application = make.application(district.firm_a)
    ApplicationFile.objects.create(
        application=application, kind=FileKind.PHOTO, file=make.scan(kind="photo")
    )
    with pytest.raises(IntegrityError, match="application_file_single"):
        ApplicationFile.objects.create(
            application=application, kind=FileKind.PHOTO, file=make.scan(kind="photo")
        )
