"""Variables as classes, functions that run once for the same inputs, and batches of them.

    from holdfast.lineage import BaseVariable, thunk

    class Raw(BaseVariable): pass
    class Filtered(BaseVariable): pass

    @thunk
    def bandpass(signal, low=20): ...

    Filtered.save(bandpass(Raw.load(subject=1)), subject=1)    # runs once; then it is loaded
"""

from .current import use
from .thunks import Thunk, ThunkOutput, thunk
from .variable import BaseVariable

__all__ = ["BaseVariable", "Thunk", "ThunkOutput", "thunk", "use"]
