"""The two hashes that decide an image's split, computed independently of the server."""

import hashlib


def fraction(text, seed=42):
    return int(hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def at_insert(key, seed=42, holdout=0.10):
    return "test" if fraction(key, seed) < holdout else None


def at_first_label(key, seed=42, holdout=0.10, validation=0.20):
    if at_insert(key, seed, holdout):
        return "test"
    return "val" if fraction(f"trainval:{key}", seed) < validation else "train"
