"""What a thunk may be given without its being a variable: snapshots, images, frames, episodes and runs."""

from __future__ import annotations

from ..checks import id_text, text, whole
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
        id = id_text("snapshot_id", snapshot_id)
        return Reference("snapshot", id, f"snapshot:{id}")

    @staticmethod
    def image(id: int) -> "Reference":
        """An image to label."""
        number = whole("id", id)
        return Reference("image", str(number), f"image:{number}")

    @staticmethod
    def frame(ref: str) -> "Reference":
        """An array of a run: h5://run_id/dataset/index."""
        if not text("ref", ref).startswith("h5://"):
            raise HoldfastError("invalid_value", f'"{ref}" is no reference such as h5://pong-1/frames/7')
        return Reference("frame", ref, ref)

    @staticmethod
    def episode(episode_id: str) -> "Reference":
        """An episode."""
        id = id_text("episode_id", episode_id)
        return Reference("episode", id, f"episode:{id}")

    @staticmethod
    def run(run_id: str) -> "Reference":
        """A run."""
        id = id_text("run_id", run_id)
        return Reference("run", id, f"run:{id}")

    def __repr__(self) -> str:
        return f"Reference({self.text})"
