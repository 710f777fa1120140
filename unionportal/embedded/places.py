"""Where everything lies: data, sockets, logs, secrets and the addresses of a run."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from unionportal.embedded.errors import StartError
from unionportal.embedded.identity import Identity, server_identity

# A Unix socket address holds 104 to 108 bytes; the longest name in the folder is
# ".s.PGSQL.5432.lock" and some systems count the final zero.
SOCKET_PATH_LIMIT = 100
SOCKET_NAME = ".s.PGSQL.5432"
ROOT_HOMES = Path("/var/lib")
NEEDED_BYTES = 300 * 1024 * 1024
FULL_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Places:
    """The folders of one installation (``data``) and of its servers (``home``)."""

    data: Path
    home: Path
    sockets: Path
    identity: Identity

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def runtime(self) -> Path:
        return self.data / "runtime.json"

    @property
    def database_url(self) -> str:
        return database_url(self.sockets, "unionportal")

    @property
    def app_database_url(self) -> str:
        """The same database for the portal's programs, which own no table of it."""
        return database_url(self.sockets, "unionportal", user="unionportal_app")

    @property
    def redis_url(self) -> str:
        return f"redis+socket://{quote(str(self.valkey_socket))}?virtual_host=0"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"


def database_url(sockets: Path, name: str, *, user: str = "unionportal") -> str:
    """Return the address of a database behind a socket folder."""
    return f"postgres://{user}@{quote(str(sockets), safe='')}/{name}"


def prepare(data: Path) -> Places:
    """Create the folders of an installation; StartError when one cannot be used."""
    check_folder(data)
    check_disk(data)
    identity = server_identity(data / "postgres")
    home = _server_home(data, identity)
    sockets = _socket_folder(data, home, identity)
    places = Places(data=data, home=home, sockets=sockets, identity=identity)
    for folder in (places.postgres, places.valkey, places.sockets):
        identity.make_folder(folder)
    places.logs.mkdir(mode=0o700, exist_ok=True)
    return places


def check_folder(data: Path) -> None:
    """Refuse a data folder that cannot be created, read or written."""
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            list(data.iterdir())
    except OSError as error:
        raise StartError(_folder_sentence(data, error)) from None


def _folder_sentence(data: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return full_sentence(data)
    return (
        f"The folder {data} cannot be read and written by this user ({error.strerror}):"
        " change its owner, or set PORTAL_DATA to another folder."
    )


def full_sentence(data: Path) -> str:
    """Return what to say when the disk ran full."""
    return f"The disk that holds {data} is full: free some space or move PORTAL_DATA."


def is_full(data: Path) -> bool:
    """Tell whether a failure just now is explained by a full disk."""
    return shutil.disk_usage(data).free < FULL_BYTES


def check_disk(data: Path) -> None:
    """Refuse to start on a nearly full disk; a database that runs out of room stops anyway."""
    free = shutil.disk_usage(data).free
    if free < NEEDED_BYTES:
        raise StartError(
            f"The disk that holds {data} has only {free // 1024**2} MB free and the portal needs"
            f" {NEEDED_BYTES // 1024**2} MB: free some space or move PORTAL_DATA."
        )


def _server_home(data: Path, identity: Identity) -> Path:
    """Return a folder that the servers' account can reach.

    That is the data folder itself, or, when root keeps it below a closed folder such as its home,
    a folder of its own whose path is noted in the data folder.
    """
    note = data / "server-home"
    if note.is_file():
        home = Path(note.read_text(encoding="utf-8").strip())
        if not home.is_dir():
            raise StartError(
                f"The database folder {home} named in {note} is missing: bring it back, or"
                f" delete {data} to start from nothing."
            )
        return home
    if not identity.switch or identity.can_run(data):
        return data
    if (data / "postgres").is_dir():
        raise StartError(
            f"The database in {data} cannot be reached by an unprivileged account any more:"
            " open its parent folders for passing (chmod o+x) or move PORTAL_DATA."
        )
    home = Path(tempfile.mkdtemp(prefix="unionportal-", dir=ROOT_HOMES))
    home.chmod(0o711)
    note.write_text(f"{home}\n", encoding="utf-8")
    return home


def _socket_folder(data: Path, home: Path, identity: Identity) -> Path:
    folder = home / "run"
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return folder
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"unionportal-{key}"
    if folder.is_symlink() or (folder.exists() and not _owned(folder, identity)):
        raise StartError(
            f"The folder {folder} belongs to somebody else and the portal needs it for its"
            " sockets: remove it, or choose a shorter PORTAL_DATA."
        )
    return folder


def remove_sockets(places: Places) -> None:
    """Remove the socket folder of servers that have stopped."""
    shutil.rmtree(places.sockets, ignore_errors=True)


def _owned(folder: Path, identity: Identity) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == identity.uid


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def write_runtime(places: Places, values: dict[str, object]) -> None:
    """Write the addresses and process ids that other commands and settings read."""
    write_private(places.runtime, json.dumps(values, indent=1) + "\n")
