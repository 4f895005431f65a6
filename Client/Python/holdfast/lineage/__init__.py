"""Variables as classes, functions that run once for the same inputs, and batches of them."""

from .current import use
from .variable import BaseVariable

__all__ = ["BaseVariable", "use"]
