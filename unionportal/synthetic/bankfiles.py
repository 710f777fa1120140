"""The files behind the cards: requests, answers and activations, whole and in the bank's form."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.utils import timezone

from benefits import outbound
from benefits.actions.bankfiles import KEEP_FOR
from benefits.models import BankFile
from benefits.profiles.reading import LINE_END, SEPARATOR
from benefits.profiles.reference import REFERENCE
from benefits.profiles.rows import CardRequest, CardRow
from benefits.states.cards import Direction, FileKind, FileState
from members.models.people import IdType
from unionportal.core import files
from unionportal.core.actors import BANK
from unionportal.core.models import Attachment
from unionportal.synthetic.plans import Person
from unionportal.synthetic.world import World

K = FileKind
ANSWER_DAYS = 4
TEXT = "text/plain; charset=gbk"


@dataclass
class Wave:
    """One request file with the bank's answer and the activations that followed."""

    request: BankFile
    sent_at: dt.datetime
    answered_at: dt.datetime
    answer: BankFile | None = None
    activations: BankFile | None = None
    rows: list[CardRow] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)
    activated: list[list[str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class BankFiles:
    """Collects the lines of each wave and writes its files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.most_lines = REFERENCE.most_lines
        self.done: list[BankFile] = []
        self.attachments: list[Attachment] = []
        self.counts: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()

    def wave(self, sent_on: dt.date, *, is_answered: bool) -> Wave:
        """Begin a request file that went out on `sent_on`."""
        sent_at = self.world.moment(sent_on)
        number = self._number(f"CR{sent_on:%Y%m%d}")
        request = self._file(K.CARD_REQUEST, number, f"{number}.txt", sent_at)
        wave = Wave(request, sent_at, sent_at + dt.timedelta(days=ANSWER_DAYS))
        if is_answered:
            wave.answer = self._file(K.CARD_ANSWER, number, f"CI_{number}.txt", wave.answered_at)
            wave.answer.answers = request
            wave.activations = self._file(K.CARD_ACTIVATION, "", "", wave.answered_at)
        return wave

    def _number(self, stem: str) -> str:
        self._numbers[stem] += 1
        return f"{stem}{self._numbers[stem]:03d}"

    def _file(self, kind: FileKind, number: str, name: str, at: dt.datetime) -> BankFile:
        is_out = kind == K.CARD_REQUEST
        return BankFile(
            id=self.world.numbers.key(), kind=kind.value, number=number, name=name, created_at=at,
            direction=(Direction.OUT if is_out else Direction.IN).value,
            state=(FileState.HANDED_OVER if is_out else FileState.APPLIED).value,
            handed_over_at=at if is_out else None, applied_at=None if is_out else at,
        )  # fmt: skip

    def answer_line(self, wave: Wave, seq: int, person: Person, number: str, code: str) -> int:
        """Add a person to the request and the answer; return the line of the answer."""
        id_type = IdType.CITIZEN.value
        wave.rows.append(CardRow(seq, person.name, id_type, person.id_number, person.phone))
        verdict = "ISSUED" if number else "REJECTED"
        wave.answers.append(["C", wave.request.number, f"{seq:06d}", verdict, number, code])
        wave.counts[verdict.lower()] += 1
        return len(wave.answers) + 1

    def activation_line(self, wave: Wave, number: str, at: dt.datetime) -> int:
        """Add an activation; return its line."""
        moment = timezone.localtime(at)
        wave.activated.append([number, f"{moment:%Y%m%d%H%M%S}"])
        return len(wave.activated) + 1

    def finish(self, wave: Wave) -> None:
        """Close the files of a wave: bytes, digests, counts, kept or dropped contents."""
        request = CardRequest(wave.request.number, wave.sent_at.date(), wave.rows)
        content = REFERENCE.render_card_request(request)
        self._close(wave.request, content, len(wave.rows))
        if wave.answer is not None:
            head = (wave.request.number, wave.answered_at.date())
            wave.answer.counts = dict(wave.counts)
            self._close(wave.answer, _framed(*head, wave.answers), len(wave.answers))
        if wave.activations is not None and wave.activated:
            self._close_activations(wave.activations, wave.activated)

    def _close_activations(self, file: BankFile, activated: list[list[str]]) -> None:
        """All activations of a wave came in one file on the day after the last."""
        last = max(moment for _number, moment in activated)[:8]
        day = dt.date(int(last[:4]), int(last[4:6]), int(last[6:]))
        number = self._numbers[f"A{last}"] = self._numbers[f"A{last}"] + 1
        file.number, file.name = f"A{last}-{number}", f"A_{last}_{number}.txt"
        file.applied_at = file.created_at = self.world.moment(day)
        file.counts = {"activated": len(activated)}
        rows = [["A", last, f"{seq:06d}", *line] for seq, line in enumerate(activated, start=1)]
        self._close(file, _framed(file.number, day, rows), len(rows))

    def _close(self, file: BankFile, content: bytes, line_count: int) -> None:
        file.sha256, file.line_count = outbound.digest(content), line_count
        if file.direction == Direction.IN:
            file.attachment = self._keep(file, content)
        self.done.append(file)

    def _keep(self, file: BankFile, content: bytes) -> Attachment:
        """Store the content of a file from the bank; past its term only the row is left."""
        came_at = file.applied_at or timezone.now()
        due = came_at + KEEP_FOR
        if due > timezone.now():
            return files.store(
                content, by=BANK, kind="bank_file", name=file.name, content_type=TEXT,
                keep_for=due - timezone.now(),
            )  # fmt: skip
        key = self.world.numbers.key()
        gone = Attachment(
            id=key, kind="bank_file", name=file.name, content_type=TEXT, size=len(content),
            sha256=file.sha256, path=f"{key.hex[-2:]}/{key.hex}", created_at=came_at,
            expires_at=due, dropped_at=due,
        )  # fmt: skip
        self.attachments.append(gone)
        return gone

    def write(self) -> None:
        """Write the rows of the files closed since the last time."""
        Attachment.objects.bulk_create(self.attachments)
        BankFile.objects.bulk_create(self.done)
        self.counts.update(file.kind for file in self.done)
        self.attachments, self.done = [], []


def _framed(number: str, day: dt.date, rows: list[list[str]]) -> bytes:
    """Return a file as the bank sends it: header, lines, trailer; GBK, CRLF."""
    count = str(len(rows))
    lines = [["H", number, f"{day:%Y%m%d}", count], *rows, ["T", count]]
    return "".join(SEPARATOR.join(line) + LINE_END for line in lines).encode("gbk")
