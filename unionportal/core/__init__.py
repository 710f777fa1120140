"""The ground floor: users, roles, scope, audit, jobs, transitions, limits, files, messaging."""
