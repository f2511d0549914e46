import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_utils.scenes import TOYS, draw_scene, toys_in, words_for


@pytest.mark.parametrize(
    ("words", "toys"),
    [
        ("three ducks, one star", ("duck", "duck", "duck", "star")),
        ("a ball and an cube", ("ball", "cube")),
        ("2 cones + Heart", ("cone", "cone", "heart")),
        ("  ring ", ("ring",)),
        ("20 ducks, 4 stars", ("duck",) * 20 + ("star",) * 4),
        ("Two Cylinders; 1 ring", ("cylinder", "cylinder", "ring")),
    ],
)
def test_words_are_read(words, toys):
    assert toys_in(words) == toys


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "found nothing"),
        (" , and ", "found nothing"),
        ("three dogs", "There is no toy 'dogs'. The toys are: balls, cubes"),
        ("many ducks", "a number before 'ducks'"),
        ("0 ducks", "at least one, found '0 ducks'"),
        ("zero ducks, one star", "at least one, found 'zero ducks'"),
        ("no duck", "at least one"),
        ("-1 duck", "at least one"),
        ("three ducks one star", "a number before 'star'.* commas between"),
        ("three big ducks", "a number before 'ducks'"),
        ("3", "a toy after '3'. The toys are"),
        ("a star and one", "a toy after 'one'"),
        ("thirteen ducks", "numbers in digits, 24 toys at most: found 'thirteen'"),
        ("a hundred ducks", "numbers in digits, 24 toys at most"),
        ("twenty-four ducks", "numbers in digits"),
        ("100 ducks", "at most 24 toys, found 100"),
        ("20 ducks, 5 stars", "at most 24 toys, found 25"),
        (f"{10**15} ducks", "at most 24 toys"),
        ("three duks", "There is no toy 'duks'. Did you mean 'ducks'"),
        ("a cilinder", "Did you mean 'cylinder'"),
        ("one elephant", "There is no toy 'elephant'. The toys are: balls"),
        ("two red balls", "Colours .* come from the seed: found 'two red'"),
        ("Red ball", "Colours .* come from the seed"),
    ],
)
def test_what_cannot_be_read_is_named(words, reason):
    with pytest.raises(ValueError, match=reason):
        toys_in(words)


@given(st.lists(st.sampled_from(TOYS), min_size=1, max_size=24))
def test_what_is_said_is_understood(toys):
    assert sorted(toys_in(words_for(tuple(toys)))) == sorted(toys)


def test_nothing_is_said_as_no_toys():
    assert words_for(()) == "no toys"
    assert words_for(("duck",)) == "one duck"
    assert words_for(("duck", "star", "ring")) == "one duck, one star and one ring"


def test_a_scene_has_what_was_asked_for():
    scene = draw_scene(3, toys=toys_in("three ducks, one star"))
    assert sorted(scene.names) == ["duck", "duck", "duck", "star"]
