"""The faults, by what they break; importing this package registers all of them."""

from faults.kinds import (  # noqa: F401
    bank,
    broker,
    clock,
    database,
    disks,
    moments,
    people,
    processes,
    wechat,
)
