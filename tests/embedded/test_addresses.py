"""Broker and cache share a server and never a database."""

import pytest

from unionportal.settings.env import cache_address


@pytest.mark.parametrize(
    ("broker", "cache"),
    [
        ("redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=1"),
        ("redis+socket:///a%20b/v.sock", "unix:///a%20b/v.sock?db=1"),
        ("redis://localhost:6379/0", "redis://localhost:6379/1"),
        ("redis://localhost:6379", "redis://localhost:6379/1"),
        ("rediss://:p%40ss@valkey:6380/0", "rediss://:p%40ss@valkey:6380/1"),
    ],
)
def test_cache_address(broker, cache):
    assert cache_address(broker) == cache
