"""Drop-in replacements for other trackers."""
