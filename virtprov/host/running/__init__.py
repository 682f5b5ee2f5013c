"""A guest while it runs: its devices and limits, its agent, its console."""
