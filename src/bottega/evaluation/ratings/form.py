"""A page on which people rate pictures without knowing where they come from."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from bottega.errors import SettingsError
from bottega.pictures import composite_on_white, encode, fit, load

FORMAT = "bottega ratings 1"
MAX_PICTURES_PER_GROUP = 20  # with five questions, people tire
LONG_SIDE_PIXELS = 560
TEMPLATE = Path(__file__).with_name("form.html")

QUESTIONS = {
    "sharpness": "How sharp is it, and how well are details preserved?",
    "color accuracy": "How right and how consistent are the colors?",
    "stylistic continuity": "How consistent is its style?",
    "innovativeness": "How new is it, in form and in idea?",
    "technical realization": "How well is it made?",
}
"""The five qualities of the founding study (Luo & Tao 2025, table 1), each rated from 1 to 10."""


def rating_form(
    groups: Mapping[str, Sequence[Path]],
    *,
    questions: Mapping[str, str] = QUESTIONS,
    max_pictures: int = MAX_PICTURES_PER_GROUP,
    seed: int = 0,
    title: str = "Please rate these pictures",
) -> str:
    """A self-contained page: pictures of all groups in one random order, a scale of ten for each question.

    The browser stores the answers until they are saved as a file, JSON or CSV, for
    :func:`~bottega.evaluation.ratings.read_ratings`. Nothing is sent anywhere.

    Args:
        groups: picture files by group name, such as "results" and "reference". Raters see neither.
        questions: by the name under which the answers are saved.
        max_pictures: of each group; more are sampled at random.
        seed: of the sample and of the order.

    Raises:
        SettingsError: no group, a group without pictures, or no questions.
        PictureError: a picture cannot be read.
    """
    if not groups or not all(groups.values()) or not questions:
        raise SettingsError("A rating form needs pictures in every group, and one question or more.")
    rng = np.random.default_rng(seed)
    items = [
        _item(name, files[index])
        for name, files in groups.items()
        for index in rng.permutation(len(files))[:max_pictures]
    ]
    data = {
        "format": FORMAT,
        "questions": dict(questions),
        "items": [items[index] for index in rng.permutation(len(items))],
    }
    # "</" would end the script element that holds the data.
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    page = TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{title}}", escape(title)).replace("{{data}}", text)


def _item(group: str, file: Path) -> dict[str, Any]:
    data = encode(fit(composite_on_white(load(file)), LONG_SIDE_PIXELS), "JPEG", quality=88)
    return {
        "id": hashlib.sha1(data).hexdigest()[:12],
        "group": group,
        "file": file.name,
        "picture": "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii"),
    }
