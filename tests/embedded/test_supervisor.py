"""A dead child is started again, a hopeless one given up, all are stopped in reverse order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unionportal.embedded.errors import StartError
from unionportal.embedded.supervisor import Supervisor

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
PARENT = (
    "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time;"
    " time.sleep(60)']); print(p.pid, flush=True); p.wait()"
)


@pytest.fixture
def lines():
    return []


@pytest.fixture
def supervisor(lines):
    supervisor = Supervisor(lines.append, first_pause=0.01)
    yield supervisor
    supervisor.stop()


def wait_for(condition, seconds: float = 10.0):
    """Poll until ``condition`` returns something true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return value


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead but not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def said(child) -> str:
    return child.log.read_text() if child.log.exists() else ""


def test_tick_starts_a_killed_child_again(supervisor, lines, make_child):
    child = supervisor.start(make_child(SLEEP, name="worker"))
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    child.process.wait()
    wait_for(lambda: supervisor.tick() or child.process.pid != first)
    assert lines == ["The worker was ended by SIGKILL; starting it again in 0 s."]
    assert child.alive


def test_tick_tells_when_the_process_changed(make_child, lines):
    changes = []
    supervisor = Supervisor(lines.append, lambda: changes.append(1), first_pause=0.0)
    child = supervisor.start(make_child("raise SystemExit(3)"))
    child.process.wait()
    supervisor.tick()
    assert (lines, changes) == (["The helper ended with code 3; starting it again in 0 s."], [])
    supervisor.tick()
    assert changes == [1]
    supervisor.stop()


def test_tick_gives_up_after_five_quick_deaths(supervisor, lines, make_child):
    child = supervisor.start(make_child("raise SystemExit('no such table')", name="worker"))
    with pytest.raises(StartError) as caught:
        wait_for(supervisor.tick)
    assert str(caught.value) == (
        f"The worker stopped 5 times within seconds of starting (no such table): read {child.log}."
    )
    assert len(lines) == 4


def test_bury_kills_what_the_child_left(supervisor, make_child):
    child = supervisor.start(make_child(PARENT))
    orphan = int(wait_for(lambda: said(child)))
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    supervisor.tick()
    wait_for(lambda: not alive(orphan))


def test_stop_ends_the_last_started_first(tmp_path, make_child, lines):
    note = tmp_path / "order"
    source = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(note)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(60)"
    )
    supervisor = Supervisor(lines.append)
    for name in ("a", "b", "c"):
        child = make_child(source, name=name)
        child.command.append(name)
        supervisor.start(child)
        wait_for(lambda child=child: said(child))
    supervisor.stop()
    assert (note.read_text(), supervisor.children, lines) == ("cba", [], [])


def test_stop_kills_a_child_that_does_not_listen(make_child):
    child = make_child(STUBBORN, patience=0.1)
    child.start()
    wait_for(lambda: said(child))
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_child_log_is_closed_to_others(supervisor, make_child):
    child = supervisor.start(make_child(SLEEP))
    wait_for(lambda: said(child))
    assert child.log.stat().st_mode & 0o777 == 0o600


def test_child_log_turns_over_when_large(supervisor, make_child):
    child = make_child(SLEEP)
    with child.log.open("wb") as log:
        log.truncate(11 * 1024 * 1024)
    supervisor.start(child)
    wait_for(lambda: said(child))
    assert child.log.with_suffix(".log.1").stat().st_size == 11 * 1024 * 1024


def test_children_end_when_the_supervisor_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path\n"
        "from unionportal.embedded.supervisor import Child, Supervisor\n"
        f"log = Path({str(tmp_path)!r}) / 'child.log'\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "print(Supervisor(print).start(Child('x', command, log)).process.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        child = int(process.stdout.readline())
        assert alive(child)
        process.kill()
    wait_for(lambda: not alive(child))
