"""The engine behind every command: plans of steps, recovery logs, undo and clean-up. Independent of the commands."""
