"""What somebody has typed so far while joining: kept on the server, sealed, in the session."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from uuid import UUID

from django.contrib.sessions.models import Session
from django.http import HttpRequest

from outreach.models import JoinCode
from unionportal.core import crypto
from unionportal.core.ids import new_id

KEY = "join"
SEAL = "worker.join.draft"


@dataclass
class Draft:
    """The answers of one person for one join code; `ref` makes sending twice harmless."""

    code: str
    ref: str
    who: dict[str, str] = field(default_factory=dict, repr=False)
    work: dict[str, str] = field(default_factory=dict, repr=False)
    has_agreed: bool = False

    @property
    def client_ref(self) -> UUID:
        return UUID(self.ref)


def new(code: JoinCode) -> Draft:
    return Draft(code=code.code, ref=str(new_id()))


def load(request: HttpRequest, code: JoinCode) -> Draft | None:
    """Return the answers typed so far for `code`; None when there are none."""
    kept = request.session.get(KEY) or {}
    if kept.get("code") != code.code or "sealed" not in kept:
        return None
    return Draft(**json.loads(crypto.decrypt(bytes.fromhex(kept["sealed"]), SEAL)))


def save(request: HttpRequest, draft: Draft) -> None:
    """Keep `draft` in the session; sealed, because sessions lie in the database as plain text."""
    sealed = crypto.encrypt(json.dumps(asdict(draft)), SEAL).hex()
    request.session[KEY] = {"code": draft.code, "sealed": sealed}


def finish(request: HttpRequest, draft: Draft) -> None:
    """Forget the answers; remember only which application this browser has sent."""
    request.session[KEY] = {"code": draft.code, "done": True, "ref": draft.ref}


def sent_ref(request: HttpRequest) -> str:
    """Return the reference of what this browser has sent; "" when nothing."""
    return str((request.session.get(KEY) or {}).get("ref", ""))


def is_done(request: HttpRequest, code: JoinCode) -> bool:
    kept = request.session.get(KEY) or {}
    return kept.get("code") == code.code and bool(kept.get("done"))


def lock(request: HttpRequest) -> None:
    """Hold this browser's session until the transaction ends: a second click waits its turn."""
    Session.objects.select_for_update().filter(pk=request.session.session_key).first()
