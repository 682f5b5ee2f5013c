"""What the commands do: plans of steps, each with its undo, and `plan.apply`, which carries them out."""
