"""Programs that make what the room ships: run by hand, never at run time."""
