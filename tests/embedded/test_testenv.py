"""``testenv`` runs one command with servers of its own and leaves nothing."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def testenv(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unionportal.embedded.testenv", *words]
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )


testenv.__test__ = False


def test_testenv_passes_addresses_and_exit_code(data):
    source = (
        "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']).close();"
        "print(os.environ['REDIS_URL']); raise SystemExit(7)"
    )
    answer = testenv(sys.executable, "-c", source, folder=data)
    assert answer.stdout.startswith(f"redis+socket://{data}/unionportal-test-")
    assert (answer.returncode, answer.stderr) == (7, "")
    assert list(data.iterdir()) == []


def test_testenv_refuses_a_folder_without_postgres(data):
    answer = testenv("--postgres", str(data), "true", folder=data)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        f"The folder {data} holds no working initdb and postgres (15 to 18).\n"
    )
