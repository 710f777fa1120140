"""Command line of the simulated bank; `python -m simulators.bank --help`."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from simulators.bank import files, plan, statement
from simulators.bank.cards import Cards
from simulators.bank.desk import Desk
from simulators.bank.ledger import Ledger
from simulators.bank.payouts import Payouts
from simulators.bank.post import Habits, Post


class UsageError(Exception):
    """An order the bank cannot follow; shown to the person at the terminal."""


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def print_lines(rows: Iterable[Any]) -> None:
    for row in rows:
        print(json.dumps(dict(row), ensure_ascii=False))


def desk_of(ledger: Ledger, options: argparse.Namespace) -> Desk:
    habits = Habits(
        seed=options.seed,
        answer_delay=options.answer_delay,
        dedupes=not options.no_batch_dedupe,
        misbehave=options.misbehave,
        auto_activate=options.auto_activate,
    )
    return Desk(Post(ledger, options.folder, habits))


def once(ledger: Ledger, options: argparse.Namespace) -> None:
    desk_of(ledger, options).run_once()


def serve(ledger: Ledger, options: argparse.Namespace) -> None:
    """Pass over the folder until SIGTERM or Ctrl-C; a failing pass is reported and tried again."""
    # Waited for, not handled: a handler that sets an event hangs when it comes in the wait for it.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    desk = desk_of(ledger, options)
    print(f"serving {options.folder}", flush=True)
    while True:
        try:
            desk.run_once()
        except (OSError, sqlite3.Error) as error:
            print(f"pass failed, trying again: {error}", file=sys.stderr, flush=True)
        if signal.sigtimedwait(ends, options.poll):
            return


def show_ledger(ledger: Ledger, options: argparse.Namespace) -> None:
    if options.summary:
        print_lines([ledger.summary()])
    elif options.returns:
        print_lines(ledger.rows("SELECT * FROM returns ORDER BY id"))
    elif options.cards:
        print_lines(ledger.rows("SELECT * FROM cards ORDER BY issued_at, rowid"))
    else:
        print_lines(ledger.payments())


def activate(ledger: Ledger, options: argparse.Namespace) -> None:
    post = Post(ledger, options.folder)
    cards = Cards(post)
    strangers = set(options.card or ()) - set(cards.waiting())
    if strangers:
        raise UsageError(f"not waiting for activation: {', '.join(sorted(strangers))}")
    chosen = cards.activate(only=options.card, limit=options.count)
    post.deliver()
    print_lines([{"activated": len(chosen), "cards": chosen}])


def write_statement(ledger: Ledger, options: argparse.Namespace) -> None:
    """Write the payer account's statement of a day, today unless told, into the folder."""
    post = Post(ledger, options.folder)
    print_lines([{"statement": statement.write(post, options.day or post.today())}])


def give_back(ledger: Ledger, options: argparse.Namespace) -> None:
    """Let payments come back to the payer's account; they show on the day's statement."""
    post = Post(ledger)
    if strangers := [one for one in options.order if not statement.give_back(post, one)]:
        raise UsageError(f"not paid, or returned before: {', '.join(strangers)}")
    print_lines([{"returned": options.order}])


def change_plan(ledger: Ledger, options: argparse.Namespace) -> None:
    if options.kind == "list":
        print_lines(ledger.rows("SELECT * FROM plan ORDER BY id"))
    elif options.kind == "clear":
        ledger.write("DELETE FROM plan")
    elif options.kind == "answer-unanswered":
        failure = code_and_text(options) if options.code else None
        print_lines([{"answered": Payouts(Post(ledger)).answer_unanswered(failure)}])
    elif options.kind == "resend":
        print_lines([{"resent": Payouts(Post(ledger)).resend_spoiled()}])
    else:
        plan.add(ledger, new_rule(options))


def code_and_text(options: argparse.Namespace) -> tuple[str, str]:
    usual = {"reject": files.BAD_FORMAT, "reject-card": "0017"}.get(options.kind, "0014")
    code = options.code or usual
    text = options.text or files.CODES.get(code, "")
    if code == files.SUCCESS or not text or "|" in code + text or "\n" in code + text:
        raise UsageError(f"{code!r} is no failure code; known: {', '.join(files.CODES)}")
    files.encode([(code, text)])
    return code, text


def new_rule(options: argparse.Namespace) -> plan.NewRule:
    match = dict(item.partition("=")[::2] for item in options.match)
    if not match.keys() <= set(plan.MATCH_FIELDS) or not all(match.values()):
        raise UsageError(f"--match takes {', '.join(plan.MATCH_FIELDS)} (FIELD=VALUE)")
    is_for_file = options.kind in (*plan.FILE_KINDS, "reject")
    if is_for_file and not match.keys() <= {"batch"}:
        raise UsageError(f"{options.kind} concerns a whole file: only --match batch=… fits")
    count = options.count or (1 if is_for_file else None)
    rule = plan.Rule(options.kind, *code_and_text(options), options.seconds, options.paid)
    return plan.NewRule(rule, match, count, options.next_batch)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m simulators.bank", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for run, name in ((serve, "serve"), (once, "once")):
        command = add_command(commands, name, run)
        command.add_argument("--folder", type=Path, required=True)
        command.add_argument("--poll", type=float, default=1.0, help="seconds between passes")
        command.add_argument("--answer-delay", type=float, default=0, help="seconds")
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--no-batch-dedupe", action="store_true", help="pay what comes twice")
        command.add_argument("--misbehave", type=float, default=0, help="share, 0 to 1, by seed")
        command.add_argument("--auto-activate", type=float, metavar="SECONDS")
    command = add_command(commands, "ledger", show_ledger)
    command.add_argument("--summary", action="store_true")
    command.add_argument("--cards", action="store_true")
    command.add_argument("--returns", action="store_true")
    command = add_command(commands, "activate", activate)
    command.add_argument("--folder", type=Path, required=True)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true")
    which.add_argument("--card", nargs="+", metavar="NUMBER")
    which.add_argument("--count", type=positive)
    command = add_command(commands, "statement", write_statement)
    command.add_argument("--folder", type=Path, required=True)
    command.add_argument("--day", metavar="YYYYMMDD")
    command = add_command(commands, "return", give_back)
    command.add_argument("--order", nargs="+", required=True, metavar="NUMBER")
    add_plan_options(add_command(commands, "plan", change_plan))
    return root


def add_command(commands: Any, name: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__)
    command.add_argument("--db", type=Path, required=True, help="the bank's SQLite ledger")
    command.set_defaults(run=run)
    return command


def add_plan_options(command: argparse.ArgumentParser) -> None:
    actions = ("answer-unanswered", "resend", "list", "clear")
    command.add_argument("kind", choices=(*plan.KINDS, *actions))
    command.add_argument("--match", action="append", default=[], metavar="FIELD=VALUE")
    command.add_argument("--code", help="one of the README's codes")
    command.add_argument("--text", help="instead of the code's usual text")
    command.add_argument("--count", type=positive, help="how many lines or files; files: 1")
    command.add_argument("--next-batch", action="store_true", help="forget after one batch")
    command.add_argument("--seconds", type=float, default=5, help="for late and split")
    command.add_argument("--paid", action="store_true", help="unanswered, yet paid")


def main() -> int:
    options = parser().parse_args()
    with closing(Ledger(options.db)) as ledger:
        try:
            options.run(ledger, options)
        except (UsageError, UnicodeEncodeError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
