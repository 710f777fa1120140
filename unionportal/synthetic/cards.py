"""Make member cards as two and a half years of files to and from the bank would have left them."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from benefits.models import CardEvent, CardRequestLine, MemberCard, PayeeAccount
from benefits.models.cards import HOLD
from benefits.states.cards import AccountKind, AccountSource, AccountState, CardEventKind, CardState
from members.models.people import IdType
from unionportal.core.crypto import blind_index
from unionportal.core.masking import mask_card
from unionportal.synthetic.bankfiles import BankFiles, Wave
from unionportal.synthetic.bulk import Table
from unionportal.synthetic.lots import Lot
from unionportal.synthetic.plans import Person, Plan
from unionportal.synthetic.world import World

S, E = CardState, CardEventKind
CARDS_BEGAN_DAYS = 900
# Younger requests wait for the next file; those a little older are with the bank.
NEW_DAYS, AT_BANK_DAYS = 6, 20
NO_CARD_SHARE = 0.05
FATES = Lot(
    (S.ACTIVATED, 75), (S.HANDED_OUT, 7), (S.ISSUED, 7), (S.REJECTED, 4), (S.REPLACED, 3),
    (S.CLOSED, 3),
)  # fmt: skip
USUAL_LAG_DAYS = 25
# A card lost before that has been replaced by now.
REPLACED_DAYS, JUST_LOST_SHARE = 70, 0.2
REFUSED = "0017"
CITIZEN = IdType.CITIZEN.value


@dataclass(slots=True)
class Draft:
    """A card that goes into a request file; what becomes of it is thrown when the file goes."""

    key: uuid.UUID
    membership: uuid.UUID
    person: Person
    is_open: bool
    requested_at: dt.datetime
    is_second: bool = False
    state: CardState = S.REQUESTED
    number: str = ""
    account: uuid.UUID | None = None
    code: str = ""
    sent_at: dt.datetime | None = None
    issued_at: dt.datetime | None = None
    handed_out_at: dt.datetime | None = None
    activated_at: dt.datetime | None = None
    lost_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None


@dataclass
class OpenFile:
    """Requests of one month that go out together."""

    month: tuple[int, int] | None = None
    is_answered: bool = True
    drafts: list[Draft] = field(default_factory=list)


class Cards:
    """Makes cards, accounts and events while memberships are made in the order of joining."""

    def __init__(self, world: World, files: BankFiles) -> None:
        self.world = world
        self.files = files
        self.counts: Counter[str] = Counter()
        self._began = world.ago(CARDS_BEGAN_DAYS)
        # Cards asked for again after a loss, by day, until the stream of requests gets there.
        self._again: list[tuple[dt.date, int, Draft]] = []
        self._serials = itertools.count()
        self._open = OpenFile()
        self.cards = Table(
            MemberCard, "id", "membership", "person", "state", "card_no", "card_index",
            "card_masked", "card_tail", "payee_account", "request_file", "request_seq",
            "refusal_code", "requested_at", "sent_at", "issued_at", "handed_out_at",
            "activated_at", "closed_at",
        )  # fmt: skip
        self.accounts = Table(
            PayeeAccount, "id", "person", "kind", "number", "number_index", "number_masked",
            "number_tail", "holder_name", "source", "state", "usable_from", "created_at",
        )  # fmt: skip
        self.lines = Table(
            CardRequestLine, "file", "seq", "card", "name", "id_type", "id_number", "phone",
            "outcome", "code", "answered_in",
        )  # fmt: skip
        self.events = Table(CardEvent, "card", "kind", "at", "file", "line", "code")

    def flush(self, cursor: CursorWrapper) -> None:
        """Send the rows made since the last time."""
        self.files.write()
        for table in (self.accounts, self.cards, self.lines, self.events):
            table.flush(cursor)

    def request(self, plan: Plan, membership: uuid.UUID, source: str, confirmation: str) -> None:
        """Ask for a member's card, as approval does; a few were never asked for."""
        person, dice = plan.person, self.world.dice
        lacks = person is None or not person.phone or plan.is_annulled
        if person is None or lacks or dice.random() < NO_CARD_SHARE:
            return
        if plan.ended_on is not None and plan.ended_on < self._began + dt.timedelta(days=90):
            return
        day = max(plan.joined_on, self._began)
        draft = Draft(
            self.world.numbers.key(), membership, person, plan.is_open, self.world.moment(day)
        )
        self._ask_again(day)
        self._ask(draft, day)

    def finish(self) -> None:
        """Send what is left."""
        self._ask_again(self.world.today)
        self.send()
        while self._again:
            self._ask_again(self.world.today)
            self.send()

    def _ask_again(self, day: dt.date) -> None:
        """Ask for the cards in place of those lost up to `day`."""
        while self._again and self._again[0][0] <= day:
            lost_on, _serial, draft = heapq.heappop(self._again)
            self._ask(draft, lost_on)

    def _ask(self, draft: Draft, day: dt.date) -> None:
        age = (self.world.today - day).days
        if age <= NEW_DAYS:
            self._waits(draft)
        else:
            self._put(draft, day, is_answered=age > AT_BANK_DAYS)

    def _waits(self, draft: Draft) -> None:
        if draft.is_open:
            self._event(draft, E.REQUESTED, draft.requested_at)
            self._card(draft, None, None)

    def _put(self, draft: Draft, day: dt.date, *, is_answered: bool) -> None:
        """Put a request into the file of its month, sending the file before when that is over."""
        month, file = (day.year, day.month), self._open
        is_full = len(file.drafts) >= self.files.most_lines
        if file.drafts and (is_full or (file.month, file.is_answered) != (month, is_answered)):
            self.send()
        self._open.month, self._open.is_answered = month, is_answered
        self._open.drafts.append(draft)

    def send(self) -> None:
        """Send the open file and have the bank answer it, unless it went out just now."""
        drafts, is_answered = self._open.drafts, self._open.is_answered
        self._open = OpenFile()
        if not drafts:
            return
        latest = max(draft.requested_at for draft in drafts).date()
        sent_on = min(latest + dt.timedelta(days=6), self.world.ago(NEW_DAYS))
        wave = self.files.wave(sent_on, is_answered=is_answered)
        for seq, draft in enumerate(drafts, start=1):
            self._throw(draft, wave, is_answered=is_answered)
            self._write(draft, wave, seq)
        self.files.finish(wave)

    def _throw(self, draft: Draft, wave: Wave, *, is_answered: bool) -> None:
        """Decide what became of a card, and when."""
        draft.state, draft.sent_at = S.SENT_TO_BANK, wave.sent_at
        if not is_answered:
            return
        fate = FATES.draw(self.world.dice)
        if fate == S.REJECTED and draft.is_open and not draft.is_second:
            draft.state, draft.code = S.REJECTED, REFUSED
            return
        draft.number = self.world.numbers.card_number()
        draft.account, draft.issued_at = self.world.numbers.key(), wave.answered_at
        draft.state = S.ISSUED
        if fate != S.ISSUED:
            self._use(draft, fate, wave)
        if not draft.is_open:
            draft.state, draft.closed_at = S.CLOSED, self.world.moment(self.world.ago(1))

    def _use(self, draft: Draft, fate: CardState, wave: Wave) -> None:
        """Hand the card out, have it activated after a while, and lose or close some."""
        answered = wave.answered_at.date()
        handed = answered + dt.timedelta(days=1 + self.world.dice.randrange(6))
        lag = int(self.world.dice.expovariate(1 / USUAL_LAG_DAYS))
        activated = handed + dt.timedelta(days=lag)
        if handed >= self.world.today:
            return
        draft.state, draft.handed_out_at = S.HANDED_OUT, self.world.moment(handed)
        if fate == S.HANDED_OUT or activated >= self.world.today:
            return
        at = self.world.moment(activated)
        draft.state, draft.activated_at = S.ACTIVATED, max(at, draft.handed_out_at)
        if fate == S.CLOSED:
            draft.state = S.CLOSED
            draft.closed_at = self.world.moment(self.world.day(activated, self.world.ago(1)))
        elif fate == S.REPLACED and draft.is_open:
            self._lose(draft, activated, self.world.ago(REPLACED_DAYS))

    def _lose(self, draft: Draft, first: dt.date, last: dt.date) -> None:
        """Lose a card: long ago, and it was replaced, or just now; another was asked for."""
        state, day = S.REPLACED, self.world.day(first, last)
        if first > last or self.world.dice.random() < JUST_LOST_SHARE:
            day = self.world.day(max(first, self.world.ago(AT_BANK_DAYS)), self.world.ago(1))
            state = S.LOST
        draft.state, draft.lost_at = state, self.world.moment(day)
        second = Draft(
            self.world.numbers.key(), draft.membership, draft.person, draft.is_open,
            draft.lost_at, is_second=True,
        )  # fmt: skip
        heapq.heappush(self._again, (day, next(self._serials), second))

    def _write(self, draft: Draft, wave: Wave, seq: int) -> None:
        person = draft.person
        outcome, answer = "", None
        if wave.answer is not None:
            outcome, answer = ("issued" if draft.number else "rejected"), wave.answer.pk
        line = self.files.answer_line(wave, seq, person, draft.number, draft.code)
        self.lines.add(
            wave.request.pk, seq, draft.key, person.name, CITIZEN, person.id_number, person.phone,
            outcome, draft.code, answer,
        )  # fmt: skip
        self._account(draft)
        self._card(draft, wave.request.pk, seq)
        self._events(draft, wave, line)

    def _account(self, draft: Draft) -> None:
        if draft.issued_at is None:
            return
        number, is_used = draft.number, draft.state not in (S.CLOSED, S.LOST, S.REPLACED)
        hold = HOLD if draft.is_second else dt.timedelta()
        state = AccountState.ACTIVE if is_used else AccountState.CLOSED
        self.accounts.add(
            draft.account, draft.person.key, AccountKind.BANK_CARD.value, number,
            blind_index(number, "card"), mask_card(number), number[-4:], draft.person.name,
            AccountSource.BANK_FILE.value, state.value, draft.issued_at + hold, draft.issued_at,
        )  # fmt: skip

    def _card(self, draft: Draft, file: uuid.UUID | None, seq: int | None) -> None:
        number = draft.number
        self.cards.add(
            draft.key, draft.membership, draft.person.key, draft.state.value, number,
            blind_index(number, "card") if number else None, mask_card(number), number[-4:],
            draft.account, file, seq, draft.code, draft.requested_at, draft.sent_at,
            draft.issued_at, draft.handed_out_at, draft.activated_at, draft.closed_at,
        )  # fmt: skip
        self.counts[draft.state.value] += 1

    def _events(self, draft: Draft, wave: Wave, line: int) -> None:
        self._event(draft, E.REQUESTED, draft.requested_at)
        self._event(draft, E.SENT, wave.sent_at)
        if draft.code and wave.answer is not None:
            self._event(draft, E.REJECTED, wave.answered_at, wave.answer.pk, line, draft.code)
        if draft.issued_at is not None and wave.answer is not None:
            self._event(draft, E.ISSUED, draft.issued_at, wave.answer.pk, line)
        if draft.handed_out_at is not None:
            self._event(draft, E.HANDED_OUT, draft.handed_out_at)
        if draft.activated_at is not None and wave.activations is not None:
            place = self.files.activation_line(wave, draft.number, draft.activated_at)
            self._event(draft, E.ACTIVATED, draft.activated_at, wave.activations.pk, place)
        self._end_events(draft)

    def _end_events(self, draft: Draft) -> None:
        if draft.lost_at is not None:
            self._event(draft, E.LOST, draft.lost_at)
            if draft.state == S.REPLACED:
                self._event(draft, E.REPLACED, draft.lost_at + dt.timedelta(days=AT_BANK_DAYS))
        if draft.closed_at is not None:
            self._event(draft, E.CLOSED, draft.closed_at)

    def _event(
        self,
        draft: Draft,
        kind: CardEventKind,
        at: dt.datetime,
        file: uuid.UUID | None = None,
        line: int | None = None,
        code: str = "",
    ) -> None:
        self.events.add(draft.key, kind.value, at, file, line, code)
