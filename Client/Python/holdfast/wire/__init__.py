"""The protocol: arrays, JSON, frames and one connection."""
