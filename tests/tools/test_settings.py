"""Settings are declared once, completely, and refuse what they do not know."""

from __future__ import annotations

import pytest
from pydantic.fields import FieldInfo

from bottega.errors import SettingsError
from bottega.tools.common.tool import Tool, configure
from bottega.tools.registry import TOOLS
from bottega.tools.stylize.methods.optimize import optimize_settings
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.optimize.settings import OptimizeSettings

FIELDS = [
    (tool, name, field) for tool in TOOLS.values() for name, field in tool.settings.model_fields.items()
]


@pytest.mark.parametrize(
    ("tool", "name", "field"), FIELDS, ids=lambda value: str(getattr(value, "name", value))
)
def test_every_field_is_described(tool: Tool, name: str, field: FieldInfo) -> None:
    assert field.description, f"{tool.name} {name}"


@pytest.mark.parametrize(
    ("tool", "name", "field"), FIELDS, ids=lambda value: str(getattr(value, "name", value))
)
def test_every_number_has_a_range(tool: Tool, name: str, field: FieldInfo) -> None:
    if field.annotation in (int, float):
        assert field.metadata, f"{tool.name} {name} has no range"


def test_tools_are_listed_under_their_names() -> None:
    assert all(name == tool.name and tool.summary for name, tool in TOOLS.items())


def test_unknown_and_missing_keys_are_named() -> None:
    with pytest.raises(SettingsError, match='Unknown setting "strenght"'):
        configure(TransferSettings, {"strenght": 1})
    with pytest.raises(SettingsError, match="content is missing"):
        TOOLS["stylize"].configure({"style": ["a"]})


def test_out_of_range_names_field_and_limit() -> None:
    with pytest.raises(SettingsError, match=r"strength is 2; its range is 0 to 1\."):
        configure(TransferSettings, {"strength": 2})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "no"),
        ({"color_method": "match"}, "no"),
        ({"keep_color": True}, "luminance"),
        ({"keep_color": True, "color_method": "match"}, "match"),
    ],
)
def test_color_settings_reach_the_method(values: dict[str, object], expected: str) -> None:
    settings = configure(TransferSettings, {"method": "optimize", **values, "size": 77})
    assert optimize_settings(settings) == OptimizeSettings(size=77, keep_color=expected)  # type: ignore[arg-type]
