"""Where memories are held: one port for each kind of tier, and its back ends."""
