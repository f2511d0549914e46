import numpy as np
import pytest
from ipywidgets import IntSlider, Text

from notebook_utils import live_picture


def grey(level):
    if level > 200:
        raise ValueError("Expected <200>, found more.")
    return np.full((30, 40, 3), level, np.uint8), f"Grey & {level}."


def test_the_picture_follows_the_control():
    slider = IntSlider(100, 0, 255)
    panel = live_picture(grey, slider, width=80)
    assert panel.children[0] is slider
    shown = panel.children[-1]
    first = shown.value
    assert "max-width:100%" in first
    assert 'alt="Grey &amp; 100."' in first and "data:image/jpeg" in first
    slider.value = 5
    assert 'alt="Grey &amp; 5."' in shown.value and shown.value != first


def test_what_cannot_be_drawn_is_said_in_its_place():
    slider = IntSlider(100, 0, 255)
    panel = live_picture(grey, slider)
    slider.value = 201
    assert panel.children[-1].value == "<p>Expected &lt;200&gt;, found more.</p>"
    slider.value = 1
    assert "<img" in panel.children[-1].value


def test_the_values_come_in_the_order_of_the_controls():
    seen = []

    def note(*values):
        seen.append(values)
        return np.zeros((8, 8, 3), np.uint8), "Black."

    live_picture(note, Text("a"), IntSlider(3))
    assert seen == [("a", 3)]


def test_another_error_is_not_hidden():
    with pytest.raises(KeyError):
        live_picture(lambda: {}["x"])
