"""Square roots of covariance matrices, with the gradient that Gaussian Wasserstein distances need."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Directions with less than this part of the strongest one's variance are rounding noise of float32 sums.
NOISE = 1e-6
# Eigenvalues are held above this part of the largest in the gradient, where one divides by their roots.
# It lies below NOISE squared, so that every direction which principal_root keeps is still told apart.
FLOOR = 1e-13


def principal_root(covariance: Tensor) -> Tensor:
    """``root (C, r)`` with ``root @ root.T`` equal to ``covariance (C, C)`` less its noise.

    The r columns are the principal axes times their standard deviations; axes with under 1e-6 of the
    strongest one's variance are left out, which makes what follows faster and well-conditioned.
    """
    values, vectors = _decomposed(covariance)
    kept = (values > 0) & (values > NOISE * values.max())
    return vectors[:, kept] * values[kept].sqrt()


def trace_of_root(covariance: Tensor, root: Tensor) -> Tensor:
    """``tr (rootᵀ covariance root)^½``, which equals ``tr (B^½ covariance B^½)^½`` for ``B = root rootᵀ``.

    Both products have the same eigenvalues apart from zeros, but this one has only as many rows as B has
    rank. Differentiable once, in ``covariance``.

    Args:
        covariance: ``(C, C)``, symmetric positive semi-definite up to rounding; float64.
        root: ``(C, r)`` from :func:`principal_root`.
    """
    trace: Tensor = _TraceOfRoot.apply(covariance, root)  # type: ignore[no-untyped-call]
    return trace


def _decomposed(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, on one thread.

    A decomposition of this size meets at thousands of barriers. A second thread gains nothing, and where
    another program holds its core each barrier waits for a time slice: 6 ms became 2 s.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    finally:
        torch.set_num_threads(threads)
    return values, vectors


class _TraceOfRoot(torch.autograd.Function):
    """One eigendecomposition serves value and gradient: d tr(M^½) = ½ tr(M^-½ dM)."""

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, root: Tensor) -> Tensor:
        values, vectors = _decomposed(root.T @ covariance @ root)
        roots = values.clamp_min(0).sqrt()
        if values.numel():
            # Where the picture is one flat colour all values are 0: the target's own scale holds them up.
            scale = float(values[-1].clamp_min(root.square().sum(0).max() ** 2))
            held = values.clamp_min(scale * FLOOR + torch.finfo(values.dtype).tiny)
            ctx.save_for_backward(root @ (vectors * held.pow(-0.25)))
        else:
            ctx.save_for_backward(root)
        return roots.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return gradient * 0.5 * factor @ factor.T, None
