"""Ways a file gets to the bank and back: a shared folder, or a person's hands."""
