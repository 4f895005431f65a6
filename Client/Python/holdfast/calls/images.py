"""images.insert"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Union

from ..pictures import pixels_of
from ..wire.array import Array
from .noun import Noun, Result


class ImageCalls(Noun):
    """Images to label."""

    def insert(
        self,
        images: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]],
        study_ids: Optional[Mapping[str, str]] = None,
    ) -> Result:
        """Registers images; a filename that exists already is skipped.

        Either pictures by filename, or a list of the protocol's objects with `filename`, `study_id`, `frame_number`,
        `thumbnail_path` and at most one of `image` and `frame_ref`. A picture is an array (H, W), (H, W, 3) …, the bytes of
        a PNG or DICOM file, or the path of one; see `holdfast.pictures`. Result: `inserted`, `duplicates`, `ids`.
        """
        if isinstance(images, Mapping):
            images = [{"filename": name, "image": image} for name, image in images.items()]
        prepared = [self._prepared(dict(image), study_ids or {}) for image in images]
        return self._call("images.insert", images=prepared)

    @staticmethod
    def _prepared(image: Dict[str, Any], study_ids: Mapping[str, str]) -> Dict[str, Any]:
        if image.get("image") is not None:
            image["image"] = Array.of(pixels_of(image["image"]))
        if image["filename"] in study_ids:
            image["study_id"] = study_ids[image["filename"]]
        return {name: value for name, value in image.items() if value is not None}
