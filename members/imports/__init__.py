"""Rosters: a firm's spreadsheet of workers, read row by row, shown, then written on confirmation.

columns  what a roster holds           template  the empty form, and rejected rows given back
reading  one row into clean values     verdicts  new, known, duplicate, held or rejected
actions  upload, preview, write        texts     every reason and note in words
"""
