"""Waiting for a guest: what is waited for, the sources that are asked, and what they say."""
