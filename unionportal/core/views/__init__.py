"""Pages of the ground floor: errors, preferences, jobs, audit, accounts, the demo's phone."""
