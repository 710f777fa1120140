"""Break everything while money moves, and count whether anybody was paid twice or not at all.

`script/faults` runs the whole portal in a temporary folder beside a simulated bank, feeds it
payouts without pause, injects faults drawn from a seed, and compares three records that share
nothing: the driver's list, the portal's tables, the bank's own books (security.md section 3.4).
"""
