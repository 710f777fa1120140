"""A busy port and a second start are each told in one sentence."""

import json
import socket

import pytest

from unionportal.embedded import checks
from unionportal.embedded.errors import StartError


@pytest.fixture
def busy_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_check_port_busy(busy_port):
    with pytest.raises(StartError) as caught:
        checks.check_port("127.0.0.1", busy_port)
    assert str(caught.value) == (
        f"Port {busy_port} is used by another program: stop it, or choose another port, for"
        f" example --port {busy_port + 1}."
    )


def test_check_port_busy_on_every_address(busy_port):
    with pytest.raises(StartError, match=f"^Port {busy_port} is used by another program"):
        checks.check_port("0.0.0.0", busy_port)


def test_check_port_not_ours():
    with pytest.raises(StartError) as caught:
        checks.check_port("192.0.2.1", 8000)
    assert str(caught.value) == (
        "Port 8000 cannot be opened (Cannot assign requested address): choose another one with"
        " --port."
    )


def test_check_port_free(busy_port):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    checks.check_port("127.0.0.1", free)


def test_only_one_second_start_names_the_first(tmp_path):
    noted = {"url": "http://127.0.0.1:8001", "pid": 4711}
    (tmp_path / "runtime.json").write_text(json.dumps(noted), encoding="utf-8")
    first, second = checks.only_one(tmp_path), checks.only_one(tmp_path)
    with first, pytest.raises(StartError) as caught:
        second.__enter__()
    assert str(caught.value) == (
        f"The portal already runs from {tmp_path} at http://127.0.0.1:8001 (process 4711): stop"
        " that one first, or set PORTAL_DATA to another folder."
    )


def test_only_one_second_start_before_the_first_is_ready(tmp_path):
    first, second = checks.only_one(tmp_path), checks.only_one(tmp_path)
    with first, pytest.raises(StartError) as caught:
        second.__enter__()
    assert str(caught.value) == (
        f"The portal already runs from {tmp_path}: stop that one first, or set PORTAL_DATA to"
        " another folder."
    )


def test_held_only_while_running(tmp_path):
    assert checks.held(tmp_path) is False
    with checks.only_one(tmp_path):
        assert checks.held(tmp_path) is True
    assert checks.held(tmp_path) is False


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_read_runtime_damaged(tmp_path, text):
    (tmp_path / "runtime.json").write_text(text, encoding="utf-8")
    assert checks.read_runtime(tmp_path / "runtime.json") == {}
