"""Every setting of training a generator, declared once. Importing this never loads torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.errors import SettingsError

ANSWERS = ("minutes", "steps", "patience", "validate_every", "measured")
"""Settings that may differ when a training goes on; all others belong to the run."""

RATES = {"fewshot": (3e-4, 8e-4), "dcgan": (2e-4, 2e-4), "cdcgan": (2e-4, 2e-4), "vae": (1e-3, 1e-3)}
"""Peak learning rates that suit each network: of the generator, and of the discriminator, which must keep
ahead."""

GAMES = ("fewshot", "dcgan", "cdcgan")
ONLY: dict[str, tuple[str, ...]] = {
    "grow": ("fewshot",),
    "projector": ("fewshot",),
    "dropout": ("dcgan", "cdcgan"),
    "beta": ("vae",),
    **dict.fromkeys(("loss", "r1", "r1_every", "discriminator_rate"), GAMES),
    **dict.fromkeys(("augment", "augment_probability", "augment_span"), GAMES),
}
"""Settings that only some networks follow."""

Size = Literal[32, 64, 128, 256, 512]


class GanSettings(BaseModel):
    """What :func:`bottega.generate.training.prepare` is told. The defaults suit 100 to 5,000 pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    network: Literal["fewshot", "dcgan", "cdcgan", "vae"] = Field(
        "fewshot",
        description="fewshot is light and made for small sets; dcgan, cdcgan (with classes) and vae are the "
        "classics",
    )
    size: Size = Field(64, description="side of the pictures")
    width: int = Field(
        24, ge=4, le=256, multiple_of=4, description="channels; half as many need a quarter of the time"
    )
    latent: int = Field(128, ge=1, le=4096, description="numbers of noise per picture")
    classes: bool = Field(True, description="take subfolders as classes")
    minutes: float = Field(
        60.0, gt=0, le=100_000, description="how long to train; the learning rate falls as the time ends"
    )
    steps: int = Field(
        0, ge=0, le=10**8, description="train so many steps instead, however long they take; 0 goes by time"
    )
    grow: float = Field(
        0.4,
        ge=0,
        lt=1,
        description="share of a fewshot training that goes to smaller pictures, from 32 pixels on; 0 starts "
        "with the whole size",
    )
    batch: int = Field(16, ge=2, le=1024, description="pictures in one step")
    rate: float = Field(
        0.0, ge=0, le=1, description="peak learning rate of the generator; 0 takes what suits the network"
    )
    discriminator_rate: float = Field(
        0.0, ge=0, le=1, description="peak learning rate of the discriminator; 0 takes what suits the network"
    )
    optimizer: Literal["adam", "adamw", "rmsprop"] = Field("adam", description="how weights are moved")
    schedule: Literal["trapezoid", "cosine", "constant"] = Field(
        "trapezoid", description="of the learning rates, where steps are given; by time it is a trapezoid"
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="pull of weights towards zero")
    dropout: float = Field(0.0, ge=0, lt=1, description="of a dcgan's discriminator")
    loss: Literal["hinge", "non-saturating", "least-squares"] = Field(
        "hinge", description="of the two networks that play against each other"
    )
    r1: float = Field(
        0.0,
        ge=0,
        le=1e4,
        description="weight of the gradient penalty R1; for a discriminator without encoder",
    )
    r1_every: int = Field(16, ge=1, le=1000, description="steps between two penalties")
    beta: float = Field(1.0, ge=0, le=1e4, description="weight of a vae's divergence; smaller is sharper")
    projector: str = Field(
        "small", description="encoder that a fewshot discriminator looks through; empty for none"
    )
    augment: list[Literal["color", "translation", "cutout"]] = Field(
        ["color", "translation", "cutout"],
        description="what the discriminator sees changed, in real and made pictures alike",
    )
    augment_probability: float = Field(
        0.2, ge=0, le=0.9, description="of each of these changes, at the start"
    )
    augment_span: int = Field(
        50_000,
        ge=0,
        le=10**9,
        description="pictures over which the probability may rise from 0 to 1; 0 keeps it",
    )
    flip: bool = Field(True, description="mirror half of the training pictures")
    crop: float = Field(0.0, ge=0, le=2, description="how much larger than the crop a picture is taken")
    rotation: float = Field(0.0, ge=0, le=45, description="largest turn of training pictures either way")
    recolor: float = Field(0.0, ge=0, le=1, description="random colours of the training pictures themselves")
    base: str = Field(
        "", description="a generator to start from, its name or its file; layers that fit are taken over"
    )
    freeze: list[str] = Field([], description='layers that stay as they are, by name ("blocks.8.*")')
    freeze_depth: int = Field(0, ge=0, le=100, description="so many first layers stay as they are")
    kept_rate: float = Field(1.0, ge=0, le=1, description="factor on the learning rate of layers taken over")
    validate_every: int = Field(200, ge=1, le=10**6, description="steps between two validations")
    patience: int = Field(
        0, ge=0, le=10**4, description="validations without a better one that end it; 0 never"
    )
    measured: int = Field(256, ge=16, le=10_000, description="pictures drawn for a validation")
    encoder: str = Field("small", description="encoder that validations look through")
    seed: int = Field(0, ge=0, description="of weights, noise and views")

    def check(self) -> None:
        """Refuse what would change nothing.

        Raises:
            SettingsError: a setting that this network does not follow, or a schedule of no number of steps.
        """
        for name, field in type(self).model_fields.items():
            networks = ONLY.get(name, (self.network,))
            if self.network not in networks and getattr(self, name) != field.default:
                option = f"--{name.replace('_', '-')}"
                raise SettingsError(
                    f"A {self.network} does not follow {option}; it is for --network {' or '.join(networks)}."
                )
        if self.schedule != "trapezoid" and not self.steps:
            raise SettingsError(f"--schedule {self.schedule} wants --steps; by time it is a trapezoid.")

    @property
    def rates(self) -> tuple[float, float]:
        """Peak learning rates of generator and discriminator."""
        usual = RATES[self.network]
        return self.rate or usual[0], self.discriminator_rate or usual[1]
