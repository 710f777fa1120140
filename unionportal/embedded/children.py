"""The portal's own programs: web server, worker, scheduler and, in the demo, those who pay."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from unionportal.embedded.bootstrap import project_folder
from unionportal.embedded.supervisor import Child

WEB_WORKERS = 2
TASK_PROCESSES = 2


def web(logs: Path, host: str, port: int) -> Child:
    """Describe the web server."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": str(WEB_WORKERS),
        "--workers-kill-timeout": "5",
    }
    words = [word for pair in options.items() for word in pair]
    words += ["--no-ws", "--respawn-failed-workers", "unionportal.wsgi:application"]
    return _child("web server", "web", ["granian", *words], logs)


def worker(logs: Path, *, processes: int = TASK_PROCESSES) -> Child:
    """Describe the Celery worker."""
    words = ["celery", "-A", "unionportal", "worker", "--loglevel", "INFO"]
    words += ["--pool", "prefork", "--concurrency", str(processes)]
    words += ["--without-mingle", "--without-gossip"]
    return _child("worker", "worker", words, logs)


def beat(logs: Path) -> Child:
    """Describe Celery's scheduler."""
    words = ["celery", "-A", "unionportal", "beat", "--loglevel", "INFO", "--pidfile="]
    return _child("scheduler", "beat", words, logs)


def bank(logs: Path, folder: Path) -> Child:
    """Describe the simulated bank, which answers payout files in the demo."""
    words = ["simulators.bank", "serve", "--folder", str(folder)]
    words += ["--db", str(folder / "ledger.sqlite3"), "--poll", "1"]
    # In the demo nobody walks to a counter: a card issued is activated some seconds later.
    words += ["--auto-activate", "5"]
    return _child("simulated bank", "bank", words, logs)


def wechat(logs: Path, keys: Path, gateway: str) -> Child:
    """Describe the simulated WeChat Pay; in the demo its users say yes after half a minute."""
    words = ["simulators.wechatpay", "serve", "--keys", str(keys), "--confirm-after", "30"]
    words += ["--db", str(keys.parent / "ledger.sqlite3"), "--port", gateway.rsplit(":", 1)[1]]
    return _child("simulated WeChat Pay", "wechat", words, logs)


def _child(name: str, log: str, module: list[str], logs: Path) -> Child:
    return Child(
        name=name,
        command=[sys.executable, "-m", *module],
        log=logs / f"{log}.log",
        folder=project_folder(),
        environment={**os.environ, **_own_role(), "PYTHONUNBUFFERED": "1"},
    )


def _own_role() -> dict[str, str]:
    """Let the programs reach the database as the role that owns nothing, if there is one."""
    address = os.environ.get("APP_DATABASE_URL")
    return {"DATABASE_URL": address} if address else {}
