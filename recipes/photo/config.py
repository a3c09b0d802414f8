"""Every setting of a training of the photorealistic network, declared once."""

from __future__ import annotations

from pydantic import Field

from recipes.pairs import PairRecipe


class PhotoRecipe(PairRecipe):
    """How the photorealistic network is trained. The packaged one's values are the defaults."""

    batch: int = Field(3, ge=1, description="pairs of content and style in a batch")
    steps: int = Field(2400, ge=1, description="length of the schedule")
    rate: float = Field(1e-3, gt=0, description="peak learning rate of Adam")
    content_window: tuple[float, float] = Field(
        (1.6, 3.0), description="side of the content's piece as a multiple of size: nearly the whole picture"
    )
    style_window: tuple[float, float] = Field((1.2, 3.0), description="likewise, of the style's piece")
    color: float = Field(0.5, ge=0, le=1, description="strength of the random change of the styles' colors")
    content: float = Field(0.2, ge=0, description="weight of the content loss")
    palette: float = Field(4.0, ge=0, description="weight of the distribution of colors")
    moments: float = Field(1.5, ge=0, description="weight of the channels' means and deviations")
    order: float = Field(5.0, ge=0, description="weight of lighter staying lighter")
    smooth: float = Field(1.0, ge=0, description="weight of the grid's smoothness")
    gamut: float = Field(20.0, ge=0, description="weight of staying within [0, 1]")
    identity: float = Field(5.0, ge=0, description="weight of staying as it is, where style is content")
