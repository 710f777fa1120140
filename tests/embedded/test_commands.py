"""``manage.py up`` and ``manage.py doctor`` end with one clear sentence, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unionportal.embedded import checks

PROJECT = Path(__file__).resolve().parents[2]
GIVEN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORTAL_DATA")


@pytest.fixture
def manage(data):
    """Return a function that runs manage.py on ``data`` as a person would."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT,
            env={**kept, "PORTAL_DATA": str(data), **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_up_refuses_production_settings(manage, data):
    answer = manage("up", DJANGO_SETTINGS_MODULE="unionportal.settings.prod")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        "manage.py up is for trial and development and refuses the production settings:"
        " docs/howto/deploy.md tells how to run the portal in production.\n"
    )
    assert list(data.iterdir()) == []


def test_up_refuses_an_impossible_port(manage):
    answer = manage("up", "--port", "70000")
    assert (answer.returncode, answer.stderr) == (
        1,
        "The port must be between 1 and 65535, not 70000.\n",
    )


def test_up_refuses_a_data_folder_below_a_file(manage, data):
    (data / "file").touch()
    answer = manage("up", PORTAL_DATA=str(data / "file" / "portal"))
    assert (answer.returncode, answer.stderr) == (
        1,
        f"The folder {data / 'file' / 'portal'} cannot be read and written by this user"
        " (Not a directory): change its owner, or set PORTAL_DATA to another folder.\n",
    )


def test_up_second_start_is_refused(manage, data):
    with checks.only_one(data):
        answer = manage("up")
    assert (answer.returncode, answer.stdout, answer.stderr) == (
        1,
        "",
        f"The portal already runs from {data}: stop that one first, or set PORTAL_DATA to another"
        " folder.\n",
    )


def test_up_data_of_another_postgres(manage, data):
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text("12\n", encoding="ascii")
    answer = manage("up", "--port", "18771")
    assert answer.returncode == 1
    assert answer.stderr.startswith(
        f"The data folder {data / 'postgres'} was made by PostgreSQL 12 and only version "
    )
    assert answer.stderr.count("\n") == 1
    assert not (data / "runtime.json").exists()


def test_up_database_that_does_not_answer(manage):
    answer = manage("up", "--port", "18771", DATABASE_URL="postgres://u:secret@127.0.0.1:9/x")
    assert answer.returncode == 1
    assert answer.stderr.startswith("The database of DATABASE_URL on 127.0.0.1 does not answer (")
    assert "secret" not in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_up_broker_that_does_not_answer(manage):
    answer = manage("up", "--port", "18771", REDIS_URL="redis://:secret@127.0.0.1:9/0")
    assert (answer.returncode, answer.stderr) == (
        1,
        "The server of REDIS_URL on 127.0.0.1 does not answer: start it, or correct REDIS_URL.\n",
    )


def findings(answer) -> dict[str, str]:
    """Return the marks of a doctor's answer by name."""
    lines = [line.split(None, 1) for line in answer.stdout.splitlines()[:-1]]
    return {rest.partition(":")[0]: mark for mark, rest in lines}


def test_doctor_before_the_first_start(manage):
    answer = manage("doctor")
    names = ["Python", "data folder", "disk", "secrets", "PostgreSQL", "Valkey", "portal", "port"]
    found = findings(answer)
    assert list(found) == names
    assert [found[name] for name in names[:-1]] == ["ok"] * 7
    assert "secrets: none yet; script/up makes them" in answer.stdout


def test_doctor_needs_no_settings(manage):
    answer = manage("doctor", DJANGO_SETTINGS_MODULE="no.such.settings")
    assert findings(answer)["PostgreSQL"] == "ok"


def test_doctor_after_a_killed_run(manage, data):
    (data / "runtime.json").write_text(json.dumps({"pid": 1}), encoding="utf-8")
    answer = manage("doctor")
    assert answer.returncode == 1
    assert (
        f"PROBLEM portal: {data / 'runtime.json'} is left from a run that was killed; the next"
        " script/up replaces it.\n"
    ) in answer.stdout


def test_doctor_open_secret(manage, data):
    (data / "secrets").mkdir()
    (data / "secrets" / "SECRET_KEY").write_text("x", encoding="ascii")
    (data / "secrets" / "SECRET_KEY").chmod(0o644)
    path = data / "secrets" / "SECRET_KEY"
    assert (f"PROBLEM secrets: {path} can be read by others: run chmod 600 {path}.\n") in manage(
        "doctor"
    ).stdout


def test_doctor_running_portal_with_a_dead_child(manage, data):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    noted = {"url": "http://127.0.0.1:1", "children": {"web": os.getpid(), "beat": gone.pid}}
    (data / "runtime.json").write_text(json.dumps(noted), encoding="utf-8")
    with checks.only_one(data):
        answer = manage("doctor")
    assert f"PROBLEM portal: Running, but beat is not: read {data / 'logs'}.\n" in answer.stdout
