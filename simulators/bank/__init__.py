"""A bank that reads files, pays, issues cards and answers; see README.md beside this file."""
