"""What a thunk may be given without its being a variable: snapshots, images, frames, episodes and runs."""

from __future__ import annotations

from ..checks import text
from ..errors import HoldfastError


class Reference:
    """An input that the server knows by another name than a record's; lineage goes on through it.

    It counts by its name: of what may still change, such as a run that goes on, the function sees more than its hash does.
    """

    def __init__(self, kind: str, id: str, text: str) -> None:
        #: snapshot, image, frame, episode or run.
        self.kind = kind
        #: The id among its kind; of a frame the h5:// reference.
        self.id = id
        #: What lineage calls it.
        self.text = text

    @staticmethod
    def snapshot(snapshot_id: str) -> "Reference":
        """What `snapshots.create` made."""
        return Reference("snapshot", snapshot_id, f"snapshot:{snapshot_id}")

    @staticmethod
    def image(id: int) -> "Reference":
        """An image to label."""
        return Reference("image", str(id), f"image:{id}")

    @staticmethod
    def frame(ref: str) -> "Reference":
        """An array of a run: h5://run_id/dataset/index."""
        if not text("ref", ref).startswith("h5://"):
            raise HoldfastError("invalid_value", f'"{ref}" is no reference such as h5://pong-1/frames/7')
        return Reference("frame", ref, ref)

    @staticmethod
    def episode(episode_id: str) -> "Reference":
        """An episode."""
        return Reference("episode", episode_id, f"episode:{episode_id}")

    @staticmethod
    def run(run_id: str) -> "Reference":
        """A run."""
        return Reference("run", run_id, f"run:{run_id}")

    def __repr__(self) -> str:
        return f"Reference({self.text})"
