"""Two records of one person: found, compared, merged, taken apart again."""
