"""Seed documents for cloud-init's NoCloud data source, and the image that carries them."""
