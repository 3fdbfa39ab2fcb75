"""What a character says by itself: patterns, templates, associations, the room's own words. Pure."""
