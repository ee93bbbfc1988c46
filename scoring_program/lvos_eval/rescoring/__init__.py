"""Scoring many submissions again, and nothing twice."""
