"""Answers for installers: which installer takes what, how it gets it, and the answers themselves."""
