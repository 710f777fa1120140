"""What upper apps may hear. Sent inside the transaction of the action."""

from django.dispatch import Signal

# With the applications (a list) and a context of strings, such as a join code's id.
application_submitted = Signal()
# With the application.
application_closed = Signal()
# memberships: list[Membership], by: the actor
membership_activated = Signal()
# membership: Membership, by: the actor
membership_closed = Signal()
# membership: Membership; something that decides a benefit changed (confirmed, group, unit, phone)
membership_changed = Signal()
# person_ids: list[UUID], by: the actor; many memberships changed unit, group or standing at once
memberships_moved = Signal()
# consent: Consent, by: the actor
consent_given = Signal()
# consent: Consent, by: the actor; the purpose's processing ends with it
consent_withdrawn = Signal()
# heirs: dict[UUID, Area], each area that ended → where what lay in it goes on; by: the actor
areas_ended = Signal()
# keep, double: Employer, by: the actor; before everything of `double` becomes `keep`'s
employers_merging = Signal()
# batch: ImportBatch, by: the actor. A register is in, or taken back: too many memberships for one
# signal each; whoever follows does so in a job of its own.
memberships_loaded = Signal()
memberships_unloaded = Signal()
# memberships: list[Membership]. Asks who objects to annulling them; receivers return
# {membership id: code of a reason in members.imports.texts}.
annulment_asked = Signal()
# person: Person (already empty), by: the actor; upper apps remove what they hold of the identity
person_anonymised = Signal()
