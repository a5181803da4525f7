"""Places are numbers during a walk, and what Python would write for a person."""

from pickle_migrate.graph_paths import Difference, Key, Places, Raw


def test_the_graph_itself():
    """The place 0 is the graph, whose path is empty."""
    assert Places().path(0) == ""


def test_steps():
    """Indexes, fields, keys and members each have their form, in the order from the top."""
    places, place = Places(), 0
    for step in (3, "customer", "not a name", Key("k'"), Key(1, "{{{}}}"), Raw("(state)")):
        place = places.add(place, step)
    assert places.path(place) == ".".join(["[3]", "customer", "'not a name'[\"k'\"]{1}(state)"])


def test_places_branch():
    """Two places below one share what is above."""
    places = Places()
    above = places.add(0, "a")
    below = [places.add(above, number) for number in range(3)]
    assert [places.path(place) for place in below] == [".a[0]", ".a[1]", ".a[2]"]


def test_long_paths_keep_both_ends():
    """Of a long path the first and the last steps are shown, and how many are not."""
    places, place = Places(), 0
    for number in range(1000):
        place = places.add(place, number)
    path = places.path(place)
    assert path.startswith("[0][1][2][3]…(984 more)…[988]")
    assert path.endswith("[998][999]")


def test_wide_paths_are_cut():
    """Long names and keys do not make a path longer than a few lines."""
    places, place = Places(), 0
    for _ in range(10):
        place = places.add(place, Key("x" * 100))
    assert len(places.path(place)) <= 241


def test_control_characters_are_escaped():
    """A field's name cannot move the cursor of a terminal."""
    places = Places()
    assert places.path(places.add(0, "\x1b[2J")).isprintable()
    assert places.path(places.add(0, Key("\u202e"))).isprintable()


def test_a_difference_on_a_line():
    """A side where nothing stands is called nothing."""
    assert str(Difference("", "", "1", "extra")) == "the object itself: extra: nothing | 1"
