"""Reads what runs of Gradus leave behind."""
