"""Tests of what lands in cells."""
