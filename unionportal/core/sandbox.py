"""Run the reading of a foreign file in a child process with a limit on memory and time.

The child is forked: it needs no start-up, shares what the parent has loaded, and touches nothing
but its own pipe. It answers with bytes, each block led by its length and one letter, so nothing it
sends is ever executed. Whatever happens to the child, the parent reads blocks, then an end or a
death.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import resource
import select
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

MEMORY = 512 * 1024 * 1024
SECONDS = 120
STATM = Path("/proc/self/statm")
PIPE = 1024 * 1024
HEAD = 5  # 4 bytes of length, 1 letter
END, FAULT, BROKEN = b"E", b"F", b"X"
Block = tuple[bytes, bytes]


class ChildDied(Exception):
    """The child was ended by a limit or a crash before it said all it had to say."""


class ChildBroke(Exception):
    """The work raised something it does not raise by design; the text is its traceback."""


class Fault(Exception):
    """What the work refused, as plain values: the parent makes its own exception of them."""

    def __init__(self, **values: Any) -> None:
        super().__init__(values)
        self.values = values


Work = Callable[[], Iterator[Block]]


def blocks(work: Work, *, memory: int = MEMORY, seconds: int = SECONDS) -> Iterator[Block]:
    """Yield the (letter, bytes) blocks that `work` yields in a child of its own.

    `memory` is what the child may take above what it was born with, `seconds` its processor time
    and the longest silence. Raise `Fault` when the work did, `ChildDied` past a limit.
    """
    reading, writing = _pipe()
    child = _fork()
    if child == 0:
        os.close(reading)
        _work(work, writing, memory, seconds)
    os.close(writing)
    try:
        yield from _received(reading, seconds)
    finally:
        os.close(reading)
        _end(child)


def _pipe() -> tuple[int, int]:
    """Return a pipe that takes a block or so, where the system has such: fewer turns to wait."""
    ends = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # more than the account may have
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, PIPE)
    return ends


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of threads: the child takes no lock that another thread may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work(work: Work, pipe: int, memory: int, seconds: int) -> NoReturn:
    """Do the work in the child and leave without the parent's clean-up."""
    status = 1
    try:
        _limit(memory, seconds)
        gc.freeze()  # what the parent has loaded stays shared, and is not searched again
        for letter, content in work():
            _send(pipe, letter, content)
        _send(pipe, END, b"")
        status = 0
    except Fault as fault:
        _send(pipe, FAULT, json.dumps(fault.values).encode())
        status = 0
    except (MemoryError, BrokenPipeError):
        pass
    except BaseException:
        _send(pipe, BROKEN, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)


def _limit(memory: int, seconds: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    sys.setrecursionlimit(1_000)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if STATM.exists():
        born_with = int(STATM.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (born_with + memory, born_with + memory))


def _send(pipe: int, letter: bytes, content: bytes) -> None:
    left = memoryview(len(content).to_bytes(4, "big") + letter + content)
    while left:
        left = left[os.write(pipe, left) :]


def _received(pipe: int, seconds: int) -> Iterator[Block]:
    while True:
        head = _read(pipe, HEAD, seconds)
        letter, length = head[4:], int.from_bytes(head[:4], "big")
        content = _read(pipe, length, seconds)
        if letter == END:
            return
        if letter == FAULT:
            raise Fault(**json.loads(content))
        if letter == BROKEN:
            raise ChildBroke(content.decode())
        yield letter, content


def _read(pipe: int, length: int, seconds: int) -> bytes:
    parts = []
    while length:
        if not select.select([pipe], [], [], seconds)[0]:
            raise ChildDied(f"silent for {seconds} seconds")
        part = os.read(pipe, min(length, 1 << 20))
        if not part:
            raise ChildDied("ended before its last word")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _end(child: int) -> None:
    """Make sure the child is gone and leave no zombie."""
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        return
