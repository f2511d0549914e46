import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from ipywidgets import IntSlider, Text
from PIL import Image

from notebook_utils import live_picture


def painted(level, word):
    if level > 200:
        raise ValueError("Expected <200>, found more.")
    return np.full((30, 40, 3), (level, 0, 0), np.uint8), f"Red & {level} {word}."


def test_the_picture_follows_the_controls_in_their_order():
    slider, word = IntSlider(100, 0, 255), Text("a")
    panel = live_picture(painted, slider, word, width=80)
    *controls, shown = panel.children
    assert controls == [slider, word]
    assert 'alt="Red &amp; 100 a."' in shown.value
    slider.value = 150
    assert 'alt="Red &amp; 150 a."' in shown.value
    assert 'style="max-width:100%; height:auto"' in shown.value
    data = re.search(r'src="data:image/jpeg;base64,(.*)"', shown.value)[1]
    image = Image.open(BytesIO(b64decode(data)))
    assert image.size == (80, 60)
    red, green, blue = image.getpixel((40, 30))
    assert abs(red - 150) < 5 and max(green, blue) < 5


def test_what_cannot_be_drawn_is_said_in_its_place():
    slider = IntSlider(201, 0, 255)
    panel = live_picture(painted, slider, Text("a"))
    assert panel.children[-1].value == "<p>Expected &lt;200&gt;, found more.</p>"
    slider.value = 1
    assert "<img" in panel.children[-1].value


def test_another_error_is_not_hidden():
    with pytest.raises(KeyError):
        live_picture(lambda: {}["x"])
