"""Words about pictures: BLEU-4 of captions, and how well pictures and texts agree."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bottega.errors import SettingsError
from bottega.evaluate.diversity import cosine_similarity
from bottega.evaluate.feature_statistics import Features

LONGEST = 4
AGREEMENT_SCALE = 2.5
TOKENS = re.compile(r"\w+|[^\w\s]")


def bleu4(captions: Sequence[str], references: Sequence[Sequence[str]], *, smooth: bool = False) -> float:
    """BLEU of a whole corpus with n-grams up to four (Papineni et al. 2002, section 2.3), in [0, 1].

    Args:
        captions: one per picture.
        references: for each of them, one or more that people wrote.
        smooth: add one to the counts of pairs and longer (Lin & Och 2004), without which a handful of
            captions that share no four words in a row has 0.

    Raises:
        SettingsError: no captions, or not one group of references for each.
    """
    if not captions or len(captions) != len(references) or not all(references):
        raise SettingsError(
            f"BLEU needs a group of references for each caption; there are {len(captions)} captions and "
            f"{sum(bool(group) for group in references)} groups that are not empty."
        )
    matches, totals = [0] * LONGEST, [0] * LONGEST
    length = wanted_length = 0
    for caption, group in zip(captions, references, strict=True):
        words, others = _tokens(caption), [_tokens(text) for text in group]
        length += len(words)
        # The nearest length; of two as near, the shorter.
        wanted_length += min((abs(len(other) - len(words)), len(other)) for other in others)[1]
        for n in range(1, LONGEST + 1):
            found, most = _ngrams(words, n), Counter[tuple[str, ...]]()
            for other in others:
                most |= _ngrams(other, n)
            matches[n - 1] += (found & most).total()
            totals[n - 1] += found.total()
    if smooth:
        matches[1:] = [count + 1 for count in matches[1:]]
        totals[1:] = [count + 1 for count in totals[1:]]
    if not all(matches):
        return 0.0
    precision = sum(math.log(m / t) for m, t in zip(matches, totals, strict=True)) / LONGEST
    return math.exp(min(0.0, 1 - wanted_length / length) + precision)


def picture_text_agreement(pictures: Features, texts: Features) -> NDArray[np.float64]:
    """2.5 · max(cos, 0) of each picture with its text: CLIPScore (Hessel et al. 2021, arXiv 2104.08718).

    Args:
        pictures, texts: rows ``(N, D)``, the vectors that one text–image model gives to both. None ships with
            Bottega; the scale is the paper's, for CLIP ViT-B/32.

    Returns:
        ``(N,)`` in [0, 2.5].

    Raises:
        SettingsError: different numbers of pictures and texts, or vectors of different models.
    """
    return AGREEMENT_SCALE * np.maximum(cosine_similarity(pictures, texts), 0)


def _tokens(text: str) -> list[str]:
    return TOKENS.findall(text.lower())


def _ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))
