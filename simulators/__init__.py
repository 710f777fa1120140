"""Outside parties as programs of their own; nothing here imports the portal."""
