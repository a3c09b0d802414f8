"""Square patches of pictures, as rows."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import unfold

from bottega.errors import PictureError


def extract_patches(pictures: Tensor, size: int) -> Tensor:
    """All ``size × size`` patches that lie wholly inside, one for each place.

    Args:
        pictures: ``(N, C, H, W)``.

    Returns:
        ``(N, patches, C · size²)``: channel by channel, row by row; patches in reading order.

    Raises:
        PictureError: the picture is smaller than one patch.
    """
    height, width = pictures.shape[-2:]
    if min(height, width) < size:
        raise PictureError(f"A picture of {width} × {height} pixels has no patch of {size} × {size}.")
    return unfold(pictures, size).transpose(1, 2)
