"""Transfers: moving a membership between unions as a case with two sides and the member's yes."""
