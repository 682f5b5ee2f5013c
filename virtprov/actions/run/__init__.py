"""The engine behind every command: a plan of steps, the trail of a run, undoing and cleaning up. Knows no command."""
