"""Where data and sockets go, and folders that are refused."""

import os
import stat
from pathlib import Path

import pytest

from unionportal.embedded import places as layout
from unionportal.embedded.errors import StartError
from unionportal.embedded.identity import Identity, server_identity


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_prepare_closes_the_server_folders(data):
    places = layout.prepare(data)
    assert places.home == data
    assert places.sockets == data / "run"
    for folder in (places.postgres, places.valkey, places.sockets):
        assert (mode(folder), folder.stat().st_uid) == (0o700, places.identity.uid)
    assert mode(places.logs) == 0o700


def test_prepare_twice_gives_the_same_places(data):
    assert layout.prepare(data) == layout.prepare(data)


def test_prepare_long_path_moves_the_sockets(data):
    deep = data / ("d" * 60) / ("e" * 60)
    places = layout.prepare(deep)
    assert places.postgres == deep / "postgres"
    assert places.sockets.parent == Path("/tmp")
    assert len(os.fsencode(places.sockets / ".s.PGSQL.5432")) <= 100
    assert (mode(places.sockets), places.sockets.stat().st_uid) == (0o700, places.identity.uid)
    layout.remove_sockets(places)
    assert not places.sockets.exists()


def test_prepare_socket_folder_of_somebody_else(data):
    deep = data / ("d" * 60) / ("e" * 60)
    sockets = layout.prepare(deep).sockets
    sockets.rmdir()
    sockets.symlink_to(data)
    with pytest.raises(StartError) as caught:
        layout.prepare(deep)
    sockets.unlink()
    assert str(caught.value) == (
        f"The folder {sockets} belongs to somebody else and the portal needs it for its sockets:"
        " remove it, or choose a shorter PORTAL_DATA."
    )


class Outside(Identity):
    """An account that cannot pass into the data folder, as nobody below root's home."""

    def can_run(self, path: Path) -> bool:
        return False


@pytest.fixture
def outside(data, monkeypatch):
    (data / "lib").mkdir()
    monkeypatch.setattr(layout, "ROOT_HOMES", data / "lib")
    monkeypatch.setattr(
        layout, "server_identity", lambda existing: Outside(os.getuid(), os.getgid(), switch=True)
    )


@pytest.mark.usefixtures("outside")
def test_prepare_unreachable_data_gets_a_home_of_its_own(data):
    places = layout.prepare(data)
    assert places.home.parent == data / "lib"
    assert (places.postgres.parent, places.logs) == (places.home, data / "logs")
    assert layout.prepare(data) == places


@pytest.mark.usefixtures("outside")
def test_prepare_home_that_was_removed(data):
    places = layout.prepare(data)
    places.home.rename(places.home.with_name("gone"))
    with pytest.raises(StartError) as caught:
        layout.prepare(data)
    assert str(caught.value) == (
        f"The database folder {places.home} named in {data / 'server-home'} is missing: bring it"
        f" back, or delete {data} to start from nothing."
    )


@pytest.mark.usefixtures("outside")
def test_prepare_data_that_became_unreachable(data):
    (data / "postgres").mkdir()
    with pytest.raises(StartError) as caught:
        layout.prepare(data)
    assert str(caught.value) == (
        f"The database in {data} cannot be reached by an unprivileged account any more: open its"
        " parent folders for passing (chmod o+x) or move PORTAL_DATA."
    )


def test_check_folder_below_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError) as caught:
        layout.check_folder(tmp_path / "file" / "data")
    assert str(caught.value) == (
        f"The folder {tmp_path / 'file' / 'data'} cannot be read and written by this user"
        " (Not a directory): change its owner, or set PORTAL_DATA to another folder."
    )


@pytest.fixture
def closed(data):
    """A folder that this process may not enter; root gives up its rights for the test."""
    folder = data / "closed"
    folder.mkdir(mode=0o000)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o700)


def test_check_folder_unreadable(closed):
    with pytest.raises(StartError) as caught:
        layout.check_folder(closed)
    assert str(caught.value) == (
        f"The folder {closed} cannot be read and written by this user (Permission denied):"
        " change its owner, or set PORTAL_DATA to another folder."
    )


def test_check_disk_nearly_full(data, monkeypatch):
    monkeypatch.setattr(layout, "NEEDED_BYTES", 1024**6)
    with pytest.raises(
        StartError, match=r"has only \d+ MB free and the portal needs 1099511627776"
    ):
        layout.check_disk(data)


def test_is_full_only_when_nothing_is_left(data, monkeypatch):
    assert layout.is_full(data) is False
    monkeypatch.setattr(layout, "FULL_BYTES", 1024**6)
    assert layout.is_full(data) is True


def test_server_identity_of_existing_data(data):
    assert server_identity(data).uid == (data.stat().st_uid or 65534)


def test_database_url_escapes_the_folder():
    assert layout.database_url(Path("/a b/run"), "portal") == (
        "postgres://unionportal@%2Fa%20b%2Frun/portal"
    )


def test_write_private_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "note").mkdir()
    with pytest.raises(IsADirectoryError):
        layout.write_private(tmp_path / "note", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_write_private_replaces_the_file(tmp_path):
    layout.write_private(tmp_path / "note", "first")
    layout.write_private(tmp_path / "note", "second")
    assert (tmp_path / "note").read_text(encoding="utf-8") == "second"
    assert mode(tmp_path / "note") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
