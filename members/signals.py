"""What upper apps may hear. Sent inside the transaction of the action."""

from django.dispatch import Signal

# applications: list[Application], context: dict[str, str] (e.g. {"join_code": "<id>"})
application_submitted = Signal()
# application: Application
application_closed = Signal()
# memberships: list[Membership], by: the actor
membership_activated = Signal()
# membership: Membership, by: the actor
membership_closed = Signal()
# membership: Membership; something that decides a benefit changed (confirmed, group, unit, phone)
membership_changed = Signal()
