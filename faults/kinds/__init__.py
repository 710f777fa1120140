"""The faults, by what they break; importing this package registers all of them."""

from faults.kinds import bank, broker, clock, database, disks, moments, people, processes

__all__ = ["bank", "broker", "clock", "database", "disks", "moments", "people", "processes"]
