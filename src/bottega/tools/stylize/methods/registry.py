"""The style transfer methods and the settings that each of them supports; ``--method`` is derived from it.

To add a method, describe it here, write a subclass of :class:`~bottega.tools.stylize.methods.base.Method`
and add it to ``pipeline.open_method``. Importing this never loads torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bottega.errors import SettingsError
from bottega.transfer.optimize.settings import OptimizeSettings

SHARED_SETTINGS = frozenset(
    {"method", "compare", "size", "feather", "device", "threads", "quality", "bits"}
    | {"content", "region", "protect", "output", "overwrite", "sheet"}
    | {"temporal_smoothing", "frames", "frame_rate", "codec", "preview", "preview_every"}
)
"""Settings that every method supports."""


@dataclass(frozen=True)
class MethodSpec:
    """Description of one method.

    Attributes:
        name: value of ``--method``.
        summary: a few words for the help text.
        supported_settings: besides :data:`SHARED_SETTINGS`; all others are rejected.
        unsupported_reason: why a setting is rejected, as the end of a sentence that begins with the name.
        unsupported_reasons: the same for single settings.
        networks: the weights that a recipe records: "encoder", "model".
        default_size: long side of the result in pixels unless ``--size`` is given; 0 is the content's.
        made_by: the command that makes a network for it; empty if Bottega contains all that it needs.
        is_listed: whether help texts name it; ``adain`` only runs networks of ``recipes/adain``.
    """

    name: str
    summary: str
    supported_settings: frozenset[str]
    unsupported_reason: str = "uses a feed-forward network"
    unsupported_reasons: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ("model",)
    default_size: int = 0
    made_by: str = ""
    is_listed: bool = True

    def supports(self, setting: str) -> bool:
        """Whether the setting has an effect."""
        return setting in SHARED_SETTINGS or setting in self.supported_settings


MICRO = MethodSpec(
    name="micro",
    summary="Bottega's own network for any style",
    supported_settings=frozenset(
        {"style", "strength", "color_strength", "texture", "style_scale", "keep_color", "color_method"}
        | {"model", "engine", "precision"}
    ),
)

OPTIMIZE = MethodSpec(
    name="optimize",
    summary="optimizes the pixels, slow and faithful",
    supported_settings=frozenset(OptimizeSettings.model_fields)
    | {"style", "color_method", "encoder", "pooling", "precision"}
    | {"region_style_weight", "region_content_weight", "checkpoint"},
    unsupported_reason="does not use a style transfer network",
    unsupported_reasons={
        "color_strength": "changes color and texture together, by --strength",
        "texture": "changes color and texture together, by --strength",
    },
    networks=("encoder",),
    default_size=512,
)

PHOTO = MethodSpec(
    name="photo",
    summary="tone and color of any style, edges of the photo",
    supported_settings=frozenset(
        {"style", "strength", "color_strength", "keep_color", "color_method", "model"}
    ),
    unsupported_reasons={
        "texture": "changes tone and color only",
        "style_scale": "changes tone and color only",
        "engine": "always runs on torch",
        "precision": "always computes in fp32",
    },
)

ADAIN = MethodSpec(
    name="adain",
    summary="any style through an encoder, with a network you trained",
    is_listed=False,
    supported_settings=frozenset({"style", "strength", "style_scale", "keep_color", "color_method", "model"}),
    unsupported_reasons={
        "texture": "changes color and texture together, by --strength",
        "color_strength": "changes color and texture together, by --strength",
        "engine": "always runs on torch",
        "precision": "always computes in fp32",
        "encoder": "uses the encoder that its network was trained with",
    },
    networks=("model", "encoder"),
)

_FIXED_STYLE_REASONS = {
    "strength": "always applies its styles at full strength",
    "texture": "always applies its styles at full strength",
    "color_strength": "always applies its styles at full strength",
    "style_scale": "has the stroke size that it was trained with",
    "engine": "always runs on torch",
    "precision": "always computes in fp32",
}

FAST = MethodSpec(
    name="fast",
    summary="a network of your own for one style, named by --model",
    made_by="bottega train style --style painting.jpg --name mine",
    supported_settings=frozenset({"keep_color", "color_method", "model"}),
    unsupported_reasons={
        **_FIXED_STYLE_REASONS,
        "style": "has the one style that its network was trained on",
    },
)

MULTI = MethodSpec(
    name="multi",
    summary="a network of your own for several styles, which --style names",
    made_by="bottega train multi --style painting.jpg --style woodcut --name mine",
    supported_settings=frozenset({"style", "keep_color", "color_method", "model"}),
    unsupported_reasons=_FIXED_STYLE_REASONS,
)

METHODS: dict[str, MethodSpec] = {spec.name: spec for spec in (MICRO, OPTIMIZE, PHOTO, ADAIN, FAST, MULTI)}
DEFAULT_METHOD = "micro"
FIXED_STYLE_METHODS = (FAST.name, MULTI.name)
"""Their styles are inside their networks."""
AUTO = "auto"
AUTO_METHODS = ("micro", "optimize", "photo")
"""The methods that ``--method auto`` chooses from."""


def method_descriptions() -> str:
    """The methods with a few words each, for help texts; with the command that makes the networks missing."""
    return "; ".join(
        f"{spec.name}, {spec.summary}" + (f" (made by: {spec.made_by})" if spec.made_by else "")
        for spec in METHODS.values()
        if spec.is_listed
    )


def reject_unsupported(methods: Sequence[MethodSpec], settings: Iterable[str]) -> None:
    """Reject settings that none of the methods supports.

    Raises:
        SettingsError: names the setting, the methods that support it, and the reason.
    """
    for setting in settings:
        if any(method.supports(setting) for method in methods):
            continue
        names = [method.name for method in METHODS.values() if method.supports(setting)]
        supporting = (
            f"the methods {', '.join(names[:-1])} and {names[-1]}" if names[1:] else f"the method {names[0]}"
        )
        first = methods[0]
        reason = first.unsupported_reasons.get(setting, first.unsupported_reason)
        raise SettingsError(f"--{setting.replace('_', '-')} is for {supporting}; {first.name} {reason}.")
