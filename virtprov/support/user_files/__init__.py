"""The files that virtprov keeps in the user's folders, shared by several runs: logs, locks, caches."""
