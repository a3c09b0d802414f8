"""All settings of an encoder training."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator


class EncoderRecipe(BaseModel):
    """How one encoder is trained. The packaged one's values are the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: bool = Field(True, description="only pictures whose license allows sharing the weights")
    instance: float = Field(1.0, ge=0, description="weight of the task: every picture is a class")
    two_view: float = Field(1.0, ge=0, description="weight of the task: contrast of two views")
    style: float = Field(1.0, ge=0, description="weight of the task: contrast of crops by style moments")
    place: float = Field(
        2.0, ge=0, description="weight of the task: dense contrast of positions in other colors"
    )
    artist: float = Field(0.0, ge=0, description="weight of the task: classify the artist (uses labels)")
    spoiled: float = Field(0.0, ge=0, description="weight of the task: classify the distortion of a view")
    cluster: float = Field(0.0, ge=0, description="weight of the task: pseudo-labels by k-means")
    widths: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = Field(
        (32, 64, 128, 256), description="channels of the four stages"
    )
    batch: int = Field(24, ge=2, description="pictures in a batch; each gives two views or more")
    size: int = Field(80, ge=32, description="side of a view, pixels")
    steps: int = Field(4400, ge=1, description="length of the schedule")
    rate: float = Field(2e-3, gt=0, description="peak learning rate of AdamW")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")
    seed: int = Field(0, ge=0, description="of weights, batches and views")

    @model_validator(mode="after")
    def _every_batch_has_a_task(self) -> Self:
        if not {"instance", "two_view", "spoiled", "cluster"} & set(self.tasks()):
            raise ValueError(
                "style, artist and place only count in some batches: "
                "give instance, two_view, spoiled or cluster a weight above 0 as well."
            )
        return self

    def tasks(self) -> dict[str, float]:
        """The tasks that count, with their weights."""
        names = ("instance", "two_view", "style", "place", "artist", "spoiled", "cluster")
        named = {name: getattr(self, name) for name in names}
        return {name: weight for name, weight in named.items() if weight > 0}
