"""Hydra and Lightning glue between the commands and the rooms."""
