"""Pure state machines: standard library only, told the time they asked for, never reading a clock."""
