"""The methods of the protocol by their nouns; PROTOCOL.md says what each does, takes and answers."""

from .access import AuditCalls, TokenCalls
from .images import ImageCalls
from .labels import HoldoutCalls, LabelCalls, SnapshotCalls
from .metrics import MetricCalls
from .noun import Noun, Rows
from .replay import EpisodeCalls, FrameCalls, RefCalls, StepCalls
from .runs import RunCalls, ServerCalls
from .variables import LineageCalls, VariableCalls

__all__ = [
    "AuditCalls", "EpisodeCalls", "FrameCalls", "HoldoutCalls", "ImageCalls", "LabelCalls", "LineageCalls", "MetricCalls", "Noun", "RefCalls",
    "Rows", "RunCalls", "ServerCalls", "SnapshotCalls", "StepCalls", "TokenCalls", "VariableCalls",
]  # fmt: skip
