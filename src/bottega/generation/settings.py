"""Every setting of training a generator, declared once. Importing this never loads torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.errors import SettingsError

CHANGEABLE_ON_RESUME = ("minutes", "steps", "patience", "validate_every", "validation_samples")
"""Settings that may change when a training is resumed; all others are fixed."""

DEFAULT_RATES = {"fewshot": (3e-4, 8e-4), "dcgan": (2e-4, 2e-4), "cdcgan": (2e-4, 2e-4), "vae": (1e-3, 1e-3)}
"""Peak learning rates of generator and discriminator; the discriminator must stay ahead."""

GANS = ("fewshot", "dcgan", "cdcgan")
ONLY_FOR: dict[str, tuple[str, ...]] = {
    "grow": ("fewshot",),
    "projector": ("fewshot",),
    "dropout": ("dcgan", "cdcgan"),
    "beta": ("vae",),
    **dict.fromkeys(("loss", "r1", "r1_every", "discriminator_rate"), GANS),
    **dict.fromkeys(("augment", "augment_probability", "augment_span"), GANS),
}
"""Settings that only some networks use."""

Size = Literal[32, 64, 128, 256, 512]


class GanSettings(BaseModel):
    """Settings of :func:`bottega.generation.training.build_trainer`. Defaults suit 100 to 5,000 pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    network: Literal["fewshot", "dcgan", "cdcgan", "vae"] = Field(
        "fewshot",
        description="fewshot is small and made for few pictures; dcgan, cdcgan (with classes) and vae are "
        "classic networks",
    )
    size: Size = Field(64, description="side of the pictures")
    width: int = Field(24, ge=4, le=256, multiple_of=4, description="channels; time grows with the square")
    latent: int = Field(128, ge=1, le=4096, description="length of the noise vector")
    classes: bool = Field(True, description="use subfolders as classes")
    minutes: float = Field(60.0, gt=0, le=100_000, description="training time, if --steps is 0")
    steps: int = Field(0, ge=0, le=10**8, description="training steps; 0 trains for --minutes instead")
    grow: float = Field(0.4, ge=0, lt=1, description="share of a fewshot training on smaller pictures")
    batch: int = Field(16, ge=2, le=1024, description="pictures per step")
    rate: float = Field(0.0, ge=0, le=1, description="learning rate of the generator; 0: default")
    discriminator_rate: float = Field(0.0, ge=0, le=1, description="rate of the discriminator; 0: default")
    optimizer: Literal["adam", "adamw", "rmsprop"] = Field("adam", description="optimizer")
    schedule: Literal["trapezoid", "cosine", "constant"] = Field(
        "trapezoid", description="learning-rate schedule; others than trapezoid need --steps"
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="weight decay")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout of a dcgan's discriminator")
    loss: Literal["hinge", "non-saturating", "least-squares"] = Field("hinge", description="adversarial loss")
    r1: float = Field(0.0, ge=0, le=1e4, description="weight of the R1 gradient penalty; without --projector")
    r1_every: int = Field(16, ge=1, le=1000, description="steps between two gradient penalties")
    beta: float = Field(1.0, ge=0, le=1e4, description="weight of a vae's KL divergence; smaller is sharper")
    projector: str = Field("small", description="encoder of a fewshot discriminator; empty for none")
    augment: list[Literal["color", "translation", "cutout"]] = Field(
        ["color", "translation", "cutout"], description="augmentations of both real and fake pictures"
    )
    augment_probability: float = Field(0.2, ge=0, le=0.9, description="initial probability of each of these")
    augment_span: int = Field(
        50_000,
        ge=0,
        le=10**9,
        description="pictures over which this can rise from 0 to 1; 0 keeps it constant",
    )
    flip: bool = Field(True, description="mirror half of the training pictures")
    crop: float = Field(0.0, ge=0, le=2, description="share by which pictures are larger than a random crop")
    rotation: float = Field(0.0, ge=0, le=45, description="largest random rotation, in degrees")
    recolor: float = Field(0.0, ge=0, le=1, description="strength of random color changes")
    base: str = Field("", description="generator to start from (name or file); matching layers are copied")
    freeze: list[str] = Field([], description='layers to freeze, by name ("blocks.8.*")')
    freeze_depth: int = Field(0, ge=0, le=100, description="number of first layers to freeze")
    pretrained_rate: float = Field(1.0, ge=0, le=1, description="factor on the rate of layers from --base")
    validate_every: int = Field(200, ge=1, le=10**6, description="steps between two validations")
    patience: int = Field(0, ge=0, le=10**4, description="validations without improvement to stop; 0 never")
    validation_samples: int = Field(256, ge=16, le=10_000, description="pictures per validation")
    encoder: str = Field("small", description="encoder for validation metrics")
    seed: int = Field(0, ge=0, description="random seed")

    def check(self) -> None:
        """Check that every setting has an effect.

        Raises:
            SettingsError: a setting that this network does not use, or a schedule without a number of steps.
        """
        for name, field in type(self).model_fields.items():
            networks = ONLY_FOR.get(name, (self.network,))
            if self.network not in networks and getattr(self, name) != field.default:
                option = f"--{name.replace('_', '-')}"
                raise SettingsError(
                    f"A {self.network} does not use {option}; it is for --network {' or '.join(networks)}."
                )
        if self.schedule != "trapezoid" and not self.steps:
            raise SettingsError(f"--schedule {self.schedule} needs --steps.")

    @property
    def rates(self) -> tuple[float, float]:
        """Peak learning rates of generator and discriminator."""
        default = DEFAULT_RATES[self.network]
        return self.rate or default[0], self.discriminator_rate or default[1]
