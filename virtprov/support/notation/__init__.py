"""How people write things: sizes, durations, wildcards, yes and no."""
