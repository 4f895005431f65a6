"""Variables as classes, functions that run once for the same inputs, and batches of them.

    from holdfast.lineage import BaseVariable, thunk

    class Raw(BaseVariable): pass
    class Filtered(BaseVariable): pass

    @thunk
    def bandpass(signal, low=20): ...

    Filtered.save(bandpass(Raw.load(subject=1)), subject=1)    # runs once; then it is loaded
"""

from .batch import Batch, for_each
from .changes import Change, why
from .combinations import Columns, Fixed, existing, product, zipped
from .current import use
from .reference import Reference
from .report import Entry, Report
from .thunks import Thunk, ThunkOutput, thunk
from .variable import BaseVariable

__all__ = [
    "BaseVariable", "Batch", "Change", "Columns", "Entry", "Fixed", "Reference", "Report", "Thunk", "ThunkOutput", "existing",
    "for_each", "product", "thunk", "use", "why", "zipped",
]  # fmt: skip
