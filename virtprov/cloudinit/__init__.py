"""Seed documents for cloud-init's NoCloud data source."""
