"""What the commands do: a plan of steps, each with its undo, and the one door that applies it."""
