"""Carries what is in the spool to the server."""
