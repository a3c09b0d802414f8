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
from bottega.pictures import encode, fit, load

FORMAT = "bottega ratings 1"
MOST = 20  # pictures of each group: with five questions, people tire
LONG_SIDE = 560
TEMPLATE = Path(__file__).with_name("form.html")

QUESTIONS = {
    "sharpness": "How sharp is it, and how well are details kept?",
    "colour accuracy": "How right and how consistent are the colours?",
    "stylistic continuity": "How much is it of one piece in its style?",
    "innovativeness": "How new is it, in form and in idea?",
    "technical realization": "How well is it made?",
}
"""The five things of the founding study (Luo & Tao 2025, table 1), each rated from 1 to 10."""


def rating_form(
    groups: Mapping[str, Sequence[Path]],
    *,
    questions: Mapping[str, str] = QUESTIONS,
    most: int = MOST,
    seed: int = 0,
    title: str = "Please rate these pictures",
) -> str:
    """A self-contained page: pictures of all groups in one random order, a scale of ten for each question.

    What was answered is kept by the browser until it is saved as a file, JSON or CSV, which
    :func:`~bottega.evaluate.ratings.read_ratings` reads. Nothing is sent anywhere.

    Args:
        groups: picture files by the name of their group, such as "results" and "reference". Raters see
            neither.
        questions: by the name under which the answers are kept.
        most: pictures of each group; more are drawn by chance.
        seed: of that and of the order.

    Raises:
        SettingsError: no group, or one without pictures; no questions.
        PictureError: a picture cannot be read.
    """
    empty = [name for name, files in groups.items() if not files]
    if not groups or empty or not questions:
        raise SettingsError("A rating form needs pictures in every group, and one question or more.")
    rng = np.random.default_rng(seed)
    items = [
        _item(name, files[number])
        for name, files in groups.items()
        for number in rng.permutation(len(files))[:most]
    ]
    data = {
        "format": FORMAT,
        "questions": dict(questions),
        "items": [items[number] for number in rng.permutation(len(items))],
    }
    # "</" would end the script that holds the data.
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    page = TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{title}}", escape(title)).replace("{{data}}", text)


def _item(group: str, file: Path) -> dict[str, Any]:
    data = encode(fit(load(file).pixels, LONG_SIDE), "JPEG", quality=88)
    return {
        "id": hashlib.sha1(data).hexdigest()[:12],
        "group": group,
        "file": file.name,
        "picture": "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii"),
    }
