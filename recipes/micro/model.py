"""The networks that this recipe trains, with one interface."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.transfer.microast import MicroASTShaped
from bottega.layers import color_moments, mk_color_transfer
from bottega.transfer.feedforward import MicroNet
from recipes.micro.config import MicroRecipe


class StylizationModel(nn.Module):
    """``network`` (a :class:`MicroNet` or the baseline), with one interface."""

    def __init__(self, network: MicroNet | MicroASTShaped) -> None:
        super().__init__()
        self.network = network

    def encode(self, styles: Tensor) -> Any:
        """The style code; gradients flow through it."""
        return self.network.encode(styles)

    def forward(self, contents: Tensor, code: Any, strength: Tensor) -> Tensor:
        """Stylized ``(N, 3, H, W)``; ``strength`` is ``(N, 1)``."""
        if isinstance(self.network, MicroNet):
            affine = mk_color_transfer(color_moments(contents), code.colors, strength)
            stylized: Tensor = self.network(contents, affine, *code.mean_std_vectors(), strength)
            return stylized
        baseline: Tensor = self.network(contents, code, strength.view(-1, 1, 1, 1))
        return baseline


def build_model(recipe: MicroRecipe) -> StylizationModel:
    """The recipe's network with its first weights."""
    torch.manual_seed(recipe.seed)
    return StylizationModel(MicroNet() if recipe.network == "micro" else MicroASTShaped())
