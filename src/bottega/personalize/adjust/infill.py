"""Filling what a warp uncovers at the edges with patches of the rest of the picture.

After Wexler, Shechtman and Irani (2007), with the search of PatchMatch (Barnes et al. 2009): from coarse to
fine, each patch over the hole looks for the most similar patch of the intact picture, and each pixel of the
hole becomes the mean of what the patches over it show.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import gaussian_blur

RADIUS = 3  # of a patch: 7 × 7 pixels
COARSEST_SIDE = 24  # shorter side in pixels at which filling starts; each scale is twice as large
EXHAUSTIVE_SIDE = 64  # up to this shorter side all patches are compared; finer scales improve what they found
MAX_SIDE = 384  # shorter side of the finest scale; larger pictures copy from the places that it found
MAX_SOURCES = 6000  # patches compared with each other patch; an even selection of more
ROUNDS = 4  # of search and mean, at each scale
DISTANCE_COST = 0.008
"""Squared difference, per value, that makes up for a distance of one shorter side: nearer patches are
preferred."""
MIN_CONFIDENCE = 0.05  # weight of a patch wholly inside the hole, relative to one outside it
CHUNK_VALUES = 2**23  # of one block of the matrix of differences
OFFSETS = [(dy, dx) for dy in range(-RADIUS, RADIUS + 1) for dx in range(-RADIUS, RADIUS + 1)]


@torch.no_grad()
def fill_with_patches(picture: Tensor, hole: Tensor, avoided: Tensor | None = None) -> Tensor:
    """A picture with patches of itself in a hole; what it shows there is not used.

    Args:
        picture: ``(1, C, H, W)``, values about as large as in OKLab.
        hole: ``(1, 1, H, W)``, bool.
        avoided: ``(1, 1, H, W)``, bool, what is not copied, such as faces, unless there is nothing else.

    Returns:
        ``(1, C, H, W)``; the picture itself where it is too small for one patch outside the hole.
    """
    if not bool(hole.any()):
        return picture
    generator = torch.Generator().manual_seed(0)
    field = filled = None
    for image, mask, blocked in _scales(picture, hole, avoided):
        if not bool(_whole_patches(~mask).any()):
            continue
        scale = _Scale(image, mask, blocked)
        if field is None or filled is None:
            scale.fill_smoothly()
        else:
            scale.enlarge(field, filled)
        filled, field = scale.fill(generator)
    if field is None or filled is None:
        return picture
    return filled if filled.shape == picture.shape else _copy_at_full_size(picture, hole, field)


class _Scale:
    """The search at one scale.

    Attributes:
        image: ``(1, C, h, w)``, with the hole filled so far.
        centers: ``(n, 2)``, row and column of the patches that touch the hole.
        matches: ``(n, 2)``, the centers of the most similar patches.
    """

    def __init__(self, image: Tensor, hole: Tensor, avoided: Tensor) -> None:
        self.image, self.original, self.hole = image.clone(), image, hole
        self.short_side = min(image.shape[-2:])
        self.is_source = _whole_patches(~(hole | avoided))
        if not bool(self.is_source.any()):
            self.is_source = _whole_patches(~hole)
        touches = F.max_pool2d(hole.float(), 2 * RADIUS + 1, 1, RADIUS)[0, 0] > 0
        self.centers = (touches & _whole_patches(torch.ones_like(hole))).nonzero()
        intact = F.avg_pool2d((~hole).float(), 2 * RADIUS + 1, 1, RADIUS)[0, 0]
        self.intact_share = intact[self.centers[:, 0], self.centers[:, 1]]
        self.matches = self.centers.clone()
        self.costs = torch.full((len(self.centers),), torch.inf)

    def fill(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The filled image, and from where each pixel is filled: ``(h, w, 2)``, row and column."""
        for last in (False,) * (ROUNDS - 1) + (True,):
            if self.short_side <= EXHAUSTIVE_SIDE:
                self.search_all()
            else:
                self.search_near(generator)
            self._average(sharp=last)
        return self.image, self._match_map()

    def enlarge(self, field: Tensor, filled: Tensor) -> None:
        """Start from the next coarser scale."""
        height, width = self.image.shape[-2:]
        factor = torch.tensor([height / field.shape[0], width / field.shape[1]])
        coarse = ((self.centers + 0.5) / factor).long()
        coarse = torch.minimum(coarse, torch.tensor(field.shape[:2]) - 1)
        matched = field[coarse[:, 0], coarse[:, 1]]
        self.matches = self.centers + ((matched - coarse) * factor).round().long()
        enlarged = F.interpolate(filled, (height, width), mode="bilinear", align_corners=False)
        self.image = torch.where(self.hole, enlarged, self.original)
        self._keep_to_sources()

    def fill_smoothly(self) -> None:
        """A first guess: the hole in the blurred colors of what is near."""
        intact = (~self.hole).to(self.image)
        for sigma in (self.short_side / 3, self.short_side / 8, self.short_side / 24):
            share = gaussian_blur(intact, sigma)
            blurred = gaussian_blur(self.original * intact, sigma) / share.clamp_min(1e-6)
            certainty = (share / 0.1).clamp(0, 1) if sigma < self.short_side / 3 else 1.0
            self.image = torch.where(self.hole, torch.lerp(self.image, blurred, certainty), self.original)
        self.search_all()

    def search_all(self) -> None:
        """Compare every patch at the hole with all sources."""
        sources = self.is_source.nonzero()
        sources = sources[:: -(-len(sources) // MAX_SOURCES)]
        source_values = _patches(self.image, sources)
        squares = source_values.square().sum(1)
        values = _patches(self.image, self.centers)
        weight = DISTANCE_COST * values.shape[1] / self.short_side**2
        for part in torch.split(torch.arange(len(values)), max(1, CHUNK_VALUES // len(sources))):
            distance = torch.cdist(self.centers[part].to(values), sources.to(values)).square()
            costs = squares - 2 * values[part] @ source_values.T + weight * distance
            self.matches[part] = sources[costs.argmin(1)]
        self.costs = self._cost(self.matches)

    def search_near(self, generator: torch.Generator) -> None:
        """Try the matches of neighbors, and places around the match at random (PatchMatch)."""
        self.costs = self._cost(self.matches)
        for step in (4, 1):
            for dy, dx in ((0, step), (step, 0), (0, -step), (-step, 0)):
                offset = torch.tensor([dy, dx])
                index = self._index_map()
                size = torch.tensor(self.image.shape[-2:])
                neighbor = torch.minimum((self.centers + offset).clamp_min(0), size - 1)
                neighbor_index = index[neighbor[:, 0], neighbor[:, 1]]
                candidate = self.matches[neighbor_index.clamp_min(0)] - offset
                self._try(torch.where(neighbor_index[:, None] >= 0, candidate, self.matches))
        for radius in (self.short_side // 4, 8, 2):
            shift = torch.randint(-radius, radius + 1, self.matches.shape, generator=generator)
            self._try(self.matches + shift)

    def _try(self, candidates: Tensor) -> None:
        size = torch.tensor(self.image.shape[-2:])
        inside = ((candidates >= 0) & (candidates < size)).all(1)
        candidates = torch.where(inside[:, None], candidates, self.matches)
        valid = self.is_source[candidates[:, 0], candidates[:, 1]]
        valid &= (candidates != self.matches).any(1)
        chosen = valid.nonzero()[:, 0]
        costs = self._cost(candidates[chosen], chosen)
        better = costs < self.costs[chosen]
        self.matches[chosen[better]] = candidates[chosen[better]]
        self.costs[chosen[better]] = costs[better]

    def _cost(self, matches: Tensor, which: Tensor | None = None) -> Tensor:
        centers = self.centers if which is None else self.centers[which]
        width = self.image.shape[-1]
        pixels = self.image[0].flatten(1).T.contiguous()
        here, there = (place[:, 0] * width + place[:, 1] for place in (centers, matches))
        total = pixels.new_zeros(len(centers))
        for dy, dx in OFFSETS:
            shift = dy * width + dx
            total += (pixels[here + shift] - pixels[there + shift]).square().sum(1)
        distance = (centers - matches).square().sum(1) / self.short_side**2
        return total + DISTANCE_COST * len(OFFSETS) * pixels.shape[1] * distance

    def _average(self, sharp: bool) -> None:
        """Each pixel of the hole becomes the mean of the patches over it, similar ones counting most."""
        width = self.image.shape[-1]
        pixels = self.image[0].flatten(1).T.contiguous()
        scale = self.costs.quantile(0.75) + 1e-6
        weight = torch.exp(-self.costs.clamp_max(20 * scale) / (2 * scale))
        # Patches that reach beyond the hole join it to what is intact.
        weight = (weight * (MIN_CONFIDENCE + self.intact_share))[:, None]
        here, there = (place[:, 0] * width + place[:, 1] for place in (self.centers, self.matches))
        total, weights = torch.zeros_like(pixels), pixels.new_zeros(len(pixels), 1)
        for dy, dx in OFFSETS:
            shift = dy * width + dx
            # The middle of a patch fits best; at the last round nearly it alone counts.
            share = weight * (0.6 ** (dy * dy + dx * dx) if sharp else 1.0)
            total[here + shift] += share * pixels[there + shift]
            weights[here + shift] += share
        mean = (total / weights.clamp_min(1e-30)).T.reshape(self.image.shape)
        self.image = torch.where(self.hole & (weights.T.reshape(self.hole.shape) > 0), mean, self.original)

    def _keep_to_sources(self) -> None:
        """Replace matches that are no sources by the source nearest to them in a coarse selection."""
        height, width = self.is_source.shape
        rows = self.matches[:, 0].clamp(0, height - 1)
        columns = self.matches[:, 1].clamp(0, width - 1)
        self.matches = torch.stack([rows, columns], 1)
        wrong = (~self.is_source[rows, columns]).nonzero()[:, 0]
        if len(wrong):
            sources = self.is_source.nonzero()
            sources = sources[:: -(-len(sources) // 2000)]
            for part in torch.split(wrong, 4096):
                nearest = torch.cdist(self.matches[part].float(), sources.float()).argmin(1)
                self.matches[part] = sources[nearest]

    def _index_map(self) -> Tensor:
        index = torch.full(self.is_source.shape, -1)
        index[self.centers[:, 0], self.centers[:, 1]] = torch.arange(len(self.centers))
        return index

    def _match_map(self) -> Tensor:
        """Row and column of each pixel's match; beside the edges that of the nearest patch, shifted along."""
        height, width = self.image.shape[-2:]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        field = torch.stack([rows, columns], 2)
        field[self.centers[:, 0], self.centers[:, 1]] = self.matches
        inner_rows = rows.clamp(RADIUS, height - 1 - RADIUS)
        inner_columns = columns.clamp(RADIUS, width - 1 - RADIUS)
        shift = torch.stack([rows - inner_rows, columns - inner_columns], 2)
        return field[inner_rows, inner_columns] + shift


def _scales(picture: Tensor, hole: Tensor, avoided: Tensor | None) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The picture, its hole, and what is avoided, from coarse to fine; coarse pixels are means of intact
    ones."""
    height, width = picture.shape[-2:]
    factor = min(1.0, MAX_SIDE / min(height, width))
    sizes: list[tuple[int, int]] = []
    while min(height, width) * factor >= COARSEST_SIDE or not sizes:
        sizes.append((max(1, round(height * factor)), max(1, round(width * factor))))
        factor /= 2
    intact = (~hole).to(picture)
    avoided = torch.zeros_like(hole) if avoided is None else avoided
    scales = []
    for size in reversed(sizes):
        if size == (height, width):
            scales.append((picture, hole, avoided))
            continue
        share = F.interpolate(intact, size, mode="area")
        image = F.interpolate(picture * intact, size, mode="area") / share.clamp_min(1e-6)
        blocked = F.interpolate(avoided.to(picture), size, mode="area") > 0.25
        scales.append((image, share < 1 - 1e-4, blocked))
    return scales


def _whole_patches(usable: Tensor) -> Tensor:
    """``(h, w)``: centers of patches that lie wholly inside the picture and in ``usable (1, 1, h, w)``."""
    blocked = F.pad((~usable).float(), (RADIUS,) * 4, value=1.0)
    return F.max_pool2d(blocked, 2 * RADIUS + 1, 1)[0, 0] == 0


def _patches(image: Tensor, centers: Tensor) -> Tensor:
    """``(n, values)``: the patches around ``centers (n, 2)``."""
    width = image.shape[-1]
    pixels = image[0].flatten(1).T.contiguous()
    index = centers[:, 0] * width + centers[:, 1]
    return torch.cat([pixels[index + dy * width + dx] for dy, dx in OFFSETS], 1)


def _copy_at_full_size(picture: Tensor, hole: Tensor, field: Tensor) -> Tensor:
    """The hole copied from where a coarser scale's ``field (h, w, 2)`` found it.

    Each pixel is the bilinear mean of what its four nearest entries point at, so that pieces join softly.
    """
    height, width = picture.shape[-2:]
    rows, columns = field.shape[:2]
    size = torch.tensor([rows, columns])
    factor = torch.tensor([height / rows, width / columns])
    places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), 2)
    shifts = ((field - places) * factor).round().long()
    pixels = picture[0].flatten(1)
    centers = hole[0, 0].nonzero()
    result = pixels.clone()
    for part in torch.split(centers, 2**18):
        position = (part + 0.5) / factor - 0.5
        low = position.floor()
        share = position - low
        total = torch.zeros(pixels.shape[0], len(part)).to(pixels)
        for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
            entry = torch.minimum((low + torch.tensor(corner)).long().clamp_min(0), size - 1)
            source = part + shifts[entry[:, 0], entry[:, 1]]
            source = torch.minimum(source.clamp_min(0), torch.tensor([height, width]) - 1)
            weight = torch.where(torch.tensor(corner) == 1, share, 1 - share).prod(1)
            total += weight * pixels[:, source[:, 0] * width + source[:, 1]]
        result[:, part[:, 0] * width + part[:, 1]] = total
    return result.view_as(picture)
