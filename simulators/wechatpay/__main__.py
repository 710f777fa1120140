"""Command line of the simulated WeChat Pay; `python -m simulators.wechatpay --help`."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from simulators.wechatpay import keys, notices, plan, server
from simulators.wechatpay.bills import Bills, Habits
from simulators.wechatpay.ledger import Ledger


class UsageError(Exception):
    """An order the server cannot follow; shown to the person at the terminal."""


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def print_lines(rows: Iterable[Any]) -> None:
    for row in rows:
        print(json.dumps(dict(row), ensure_ascii=False))


def serve(ledger: Ledger, options: argparse.Namespace) -> None:
    """Answer requests, end bills and send notices until SIGTERM or Ctrl-C."""
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    found = keys.load(options.keys)
    bills = Bills(ledger, Habits(
        seed=options.seed, confirm_after=options.confirm_after, close_after=options.close_after,
        misbehave=options.misbehave, misbehave_notices=options.misbehave_notices, cap=options.cap,
    ))  # fmt: skip
    web = server.make(server.Desk(found, bills), "127.0.0.1", options.port)
    for work in (
        web.serve_forever,
        lambda: repeat(bills.pass_time),
        lambda: repeat(lambda: notices.deliver(ledger, found)),
    ):
        threading.Thread(target=work, daemon=True).start()
    print(f"serving http://127.0.0.1:{web.server_address[1]}", flush=True)
    signal.sigwait(ends)


def repeat(work: Callable[[], Any]) -> None:
    """Do one kind of work again and again; a failing pass is reported and tried again."""
    while True:
        try:
            work()
        except (OSError, sqlite3.Error) as error:
            print(f"pass failed, trying again: {error}", file=sys.stderr, flush=True)
        time.sleep(0.1)


def show_ledger(ledger: Ledger, options: argparse.Namespace) -> None:
    if options.summary:
        print_lines([ledger.summary()])
    elif options.bills:
        print_lines(ledger.rows("SELECT * FROM bills ORDER BY rowid"))
    elif options.calls:
        print_lines(ledger.rows("SELECT * FROM calls ORDER BY id"))
    elif options.notices:
        print_lines(ledger.rows("SELECT * FROM notices ORDER BY id"))
    else:
        print_lines(ledger.payments())


def confirm(ledger: Ledger, options: argparse.Namespace) -> None:
    bills = Bills(ledger, Habits())
    waiting = bills.waiting()
    strangers = set(options.bill or ()) - set(waiting)
    if strangers:
        raise UsageError(f"not waiting for the user: {', '.join(sorted(strangers))}")
    chosen = options.bill or waiting[: options.count]
    print_lines([{"confirmed": len(bills.confirm(chosen))}])


def turn_clock(ledger: Ledger, options: argparse.Namespace) -> None:
    ledger.write("UPDATE clock SET ahead = ahead + ?", options.advance)
    print_lines(ledger.rows("SELECT ahead FROM clock"))


def make_keys(_ledger: Ledger, options: argparse.Namespace) -> None:
    keys.make(options.keys)
    print((options.keys / "merchant.json").read_text(encoding="utf-8"))


def change_plan(ledger: Ledger, options: argparse.Namespace) -> None:
    if options.kind == "list":
        print_lines(ledger.rows("SELECT * FROM plan ORDER BY id"))
    elif options.kind == "clear":
        ledger.write("DELETE FROM plan")
    else:
        match = dict(item.partition("=")[::2] for item in options.match)
        if not match.keys() <= set(plan.MATCH_FIELDS) or not all(match.values()):
            raise UsageError(f"--match takes {', '.join(plan.MATCH_FIELDS)} (FIELD=VALUE)")
        rule = plan.Rule(options.kind, options.seconds, options.code, not options.uncommitted)
        plan.add(ledger, rule, match, options.count)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m simulators.wechatpay", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    command = add_command(commands, "serve", serve)
    command.add_argument("--port", type=int, default=0, help="0 = a free one, which is printed")
    command.add_argument("--keys", type=Path, required=True, help="folder; made when absent")
    command.add_argument("--confirm-after", type=float, metavar="SECONDS", help="users say yes")
    command.add_argument("--close-after", type=float, default=86_400, metavar="SECONDS")
    command.add_argument("--cap", type=positive, default=100, help="calls of a kind per second")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--misbehave", type=float, default=0, help="share, 0 to 1, by seed")
    command.add_argument("--misbehave-notices", type=float, default=0, help="share, by seed")
    command = add_command(commands, "keys", make_keys)
    command.add_argument("--keys", type=Path, required=True)
    command = add_command(commands, "ledger", show_ledger)
    for name in ("summary", "bills", "calls", "notices"):
        command.add_argument(f"--{name}", action="store_true")
    command = add_command(commands, "confirm", confirm)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true")
    which.add_argument("--bill", nargs="+", metavar="OUT_BILL_NO")
    which.add_argument("--count", type=positive)
    command = add_command(commands, "clock", turn_clock)
    command.add_argument("--advance", type=float, required=True, metavar="SECONDS")
    command = add_command(commands, "plan", change_plan)
    command.add_argument("kind", choices=(*plan.KINDS, "list", "clear"))
    command.add_argument("--match", action="append", default=[], metavar="FIELD=VALUE")
    command.add_argument("--count", type=positive, default=1, help="how many requests; 1")
    command.add_argument("--seconds", type=float, default=0, help="for hang and late-yes")
    command.add_argument("--code", default="", help="fail_reason, or the unknown code")
    command.add_argument("--uncommitted", action="store_true", help="for reset, unknown-code")
    return root


def add_command(commands: Any, name: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__)
    command.add_argument("--db", type=Path, required=True, help="the server's SQLite ledger")
    command.set_defaults(run=run)
    return command


def main() -> int:
    options = parser().parse_args()
    with closing(Ledger(options.db)) as ledger:
        try:
            options.run(ledger, options)
        except UsageError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
