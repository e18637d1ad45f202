"""Scores of an evaluation as tables and sentences."""
