"""Publication of rule packs: signed, by two people, from an instant on, without a restart."""
