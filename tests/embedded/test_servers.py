"""The private PostgreSQL and Valkey, really started."""

import os
import signal

import psycopg
import pytest
import redis
from django.core.cache.backends.redis import RedisCache
from kombu import Connection

from unionportal.embedded import places as layout
from unionportal.embedded import programs, servers
from unionportal.embedded.errors import StartError
from unionportal.embedded.supervisor import Supervisor
from unionportal.embedded.testenv import private_servers
from unionportal.settings.env import cache_address


@pytest.fixture(params=programs.find_postgres(), ids=lambda postgres: f"v{postgres.major}")
def postgres(request):
    """Every PostgreSQL that this machine has."""
    return request.param


def connect(places, name="unionportal"):
    return psycopg.connect(host=str(places.sockets), user="unionportal", dbname=name)


def setting(connection, name: str) -> str:
    return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


def test_private_servers_database(data, postgres):
    with private_servers(data, [postgres]) as places:
        with connect(places) as connection:
            assert setting(connection, "server_encoding") == "UTF8"
            assert setting(connection, "data_checksums") == "on"
            assert setting(connection, "listen_addresses") == ""
            assert setting(connection, "unix_socket_permissions") == "0700"
            query = "SELECT datcollate, datctype FROM pg_database WHERE datname = 'unionportal'"
            assert connection.execute(query).fetchone() == ("C.UTF-8", "C.UTF-8")
            connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist")
            # With a C character type this is 0 and no Chinese name is ever found.
            query = "SELECT similarity('示例区总工会', '示例区工会') > 0.3"
            assert connection.execute(query).fetchone() == (True,)
        sockets = places.sockets
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_private_servers_broker_and_cache(data):
    with private_servers(data) as places:
        client = redis.Redis(unix_socket_path=str(places.valkey_socket))
        with client:
            wanted = {"port": "0", "appendonly": "yes", "maxmemory-policy": "noeviction"}
            assert {name: client.config_get(name)[name] for name in wanted} == wanted
            with Connection(places.redis_url) as broker:
                queue = broker.SimpleQueue("q")
                queue.put({"id": 1})
                assert queue.get(timeout=2).payload == {"id": 1}
                queue.close()
            cache = RedisCache(cache_address(places.redis_url), {})
            cache.set("key", "value")
            assert cache.get("key") == "value"
            assert client.info("keyspace")["db1"]["keys"] == 1
            cache.close()
            cache._cache.get_client().connection_pool.disconnect()


def test_private_servers_in_a_folder_with_a_space(data):
    with private_servers(data / "a folder") as places:
        with connect(places) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Connection(places.redis_url) as broker:
            broker.ensure_connection(max_retries=1)


def test_private_servers_keep_their_data(data):
    with private_servers(data) as places, connect(places) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with private_servers(data) as places, connect(places) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_killed_database_comes_back(data):
    places, lines = layout.prepare(data), []
    supervisor = Supervisor(lines.append, first_pause=0.1)
    child = servers.start_postgres(supervisor, places, programs.find_postgres(), durable=False)
    try:
        servers.wait_for_database(child, places)
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait()
        supervisor.tick()
        while not answers(places):
            supervisor.tick()  # StartError after too many deaths
    finally:
        supervisor.stop()
    assert lines[0] == "The database was ended by SIGKILL; starting it again in 0 s."
    # A new server refuses the folder while a process of the old one still holds its memory.
    assert {line.partition(";")[0] for line in lines[1:]} <= {"The database ended with code 1"}


def answers(places) -> bool:
    try:
        connect(places).close()
    except psycopg.OperationalError:
        return False
    return True


def test_database_that_ends_while_starting(data):
    places = layout.prepare(data)
    supervisor = Supervisor([].append)
    with private_servers(data):
        pass
    (data / "postgres" / "postgresql.conf").write_text("nonsense = 1\n", encoding="utf-8")
    places = layout.prepare(data)
    try:
        child = servers.start_postgres(supervisor, places, programs.find_postgres())
        with pytest.raises(StartError) as caught:
            servers.wait_for_database(child, places)
    finally:
        supervisor.stop()
    assert str(caught.value).startswith("The database ended while starting (")
    assert str(caught.value).endswith(f"): read {places.logs / 'postgres.log'}.")


def test_initialise_tells_why_it_failed(data):
    places = layout.prepare(data)
    (places.postgres / "stray").touch()
    with pytest.raises(StartError, match="^PostgreSQL could not make its data folder: "):
        servers.initialise(programs.find_postgres()[0], places, durable=False)
