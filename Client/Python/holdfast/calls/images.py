"""images.insert"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Union

from ..checks import array_of, by_name, listed, members_in, shown, text
from ..errors import HoldfastError
from ..pictures import pixels_of
from .noun import Noun, Result

_IMAGE = ("filename", "study_id", "frame_number", "thumbnail_path", "image", "frame_ref")


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
        expected = 'it is a dictionary with "filename"; pictures alone are given by filename: {"a.png": picture}'
        rows = [dict(by_name(f"images[{place}]", image, expected)) for place, image in enumerate(listed("images", images))]
        for place, row in enumerate(rows):
            members_in(f"images[{place}]", row, _IMAGE)
        filenames = {text(f'images[{place}]["filename"]', row.get("filename")) for place, row in enumerate(rows)}
        studies = by_name("study_ids", {} if study_ids is None else study_ids, "it is a dictionary with a study by filename")
        for filename in studies:
            if filename not in filenames:
                raise HoldfastError("invalid_value", f"study_ids has {shown(filename)}, which is none of the images")
        return self._call("images.insert", images=[_prepared(row, studies) for row in rows])


def _prepared(image: Dict[str, Any], study_ids: Mapping[str, str]) -> Dict[str, Any]:
    filename = image["filename"]
    if image.get("image") is not None:
        try:
            image["image"] = array_of("its picture", pixels_of(image["image"]))
        except HoldfastError as error:
            raise HoldfastError(error.code, f"image {shown(filename)}: {error}") from None
    if filename in study_ids:
        image["study_id"] = study_ids[filename]
    return {name: value for name, value in image.items() if value is not None}
