"""BLEU-4, agreement of pictures and texts, response times and matches, on cases worked out by hand."""

import math
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from bottega.errors import SettingsError
from bottega.evaluate import bleu4, personalisation_match, picture_text_agreement, response_time


def test_bleu_of_equal_texts_is_one():
    assert bleu4(["A red boat, at sea."], [["a red boat , at sea ."]]) == pytest.approx(1)


def test_bleu_worked_out_by_hand():
    # 6 words, of which 5, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours occur; the reference has 7 words.
    found = bleu4(["the cat sat on the mat"], [["the cat sat on a red mat"]])
    expected = math.exp(1 - 7 / 6) * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert found == pytest.approx(expected, rel=1e-12)


def test_bleu_clips_repeated_words_and_takes_the_nearest_length():
    # The paper's example: seven times "the", of which two count.
    group = ["the cat is on the mat", "there is a cat on the mat"]
    assert bleu4(["the the the the the the the"], [group]) == 0
    smooth = bleu4(["the the the the the the the"], [group], smooth=True)
    assert smooth == pytest.approx((2 / 7 * 1 / 7 * 1 / 6 * 1 / 5) ** 0.25, rel=1e-12)


def test_bleu_counts_over_the_corpus():
    captions = ["a b c d", "a b x d e"]
    groups = [["a b c d"], ["a b c d e"]]
    precisions = (8 / 9, 5 / 7, 2 / 5, 1 / 3)
    assert bleu4(captions, groups) == pytest.approx(math.prod(precisions) ** 0.25, rel=1e-12)


@pytest.mark.parametrize(("captions", "groups"), [([], []), (["a"], []), (["a"], [[]])])
def test_bleu_refuses_what_has_no_reference(captions, groups):
    with pytest.raises(SettingsError, match="references"):
        bleu4(captions, groups)


def test_agreement_is_clipscore():
    pictures = np.array([[1.0, 0], [1, 1], [1, 0]])
    texts = np.array([[2.0, 0], [1, 0], [-1, 0]])
    np.testing.assert_allclose(picture_text_agreement(pictures, texts), [2.5, 2.5 / 2**0.5, 0], rtol=1e-9)


def test_response_time_of_a_wait():
    calls = []

    def call():
        calls.append(1)
        time.sleep(0.004)

    found = response_time(call, calls=6, warm_up=2)
    assert len(calls) == 8
    assert 0.004 <= found.median.low <= found.median.estimate <= found.slow.estimate < 1
    with pytest.raises(SettingsError, match="5 calls"):
        response_time(call, calls=4)


@dataclass
class Near:
    attributes: dict[str, float]

    @property
    def mean(self) -> float:
        return sum(self.attributes.values()) / len(self.attributes)


def near(asked, got):
    return Near({name: 1 - abs(value - got) for name, value in asked.items()})


def test_match_of_a_set():
    pictures = [torch.full((1, 3, 4, 4), value) for value in (0.25, 0.5, 0.75)]
    asked = [{"light": 0.25}, {"light": 0.0, "dark": 0.5}, {"light": 0.75}]
    found = personalisation_match(pictures, asked, lambda picture: picture.mean().item(), near)
    assert found["mean"].estimate == pytest.approx((1 + 0.75 + 1) / 3)
    assert found["light"].estimate == pytest.approx((1 + 0.5 + 1) / 3)
    assert found["dark"].estimate == pytest.approx(1)
    assert found["light"].low <= found["light"].estimate <= found["light"].high
    with pytest.raises(SettingsError, match="one condition for each"):
        personalisation_match(pictures, asked[:2], lambda picture: 0.0, near)
    with pytest.raises(SettingsError):
        personalisation_match([], [], lambda picture: 0.0, near)
