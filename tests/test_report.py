"""The report: one well-formed file that fetches nothing, runs nothing, and shows names as text."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from chainrule.data import read_table
from chainrule.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Rescaling, Reshape
from chainrule.models import Sequential
from chainrule.report import GENERATOR, Run, table_rows, write
from chainrule.report.markup import amount, duration, escape, percent
from chainrule.report.page import page
from chainrule.report.picture import sample_pixels, weight_pixels
from chainrule.report.scores import score
from chainrule.report.svg import ticks

HOSTILE = '<script>alert("x")</script>&\x1b'
VOID = {"meta", "img", "br", "link", "input", "hr"}
MARKS = {"circle", "line", "rect", "polyline", "path"}  # of SVG, written as <line …/>


class Page(HTMLParser):
    """Elements that must be closed in order; tags, attributes and text are kept."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.words, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in MARKS
        self._note(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def _note(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def pictures_run(classes=tuple("0123456789"), **changes):
    """A run on 8x8 pictures with an untrained network."""
    rng = np.random.default_rng(0)
    model = Sequential(
        [
            Input((8, 8)),
            Rescaling(1 / 16),
            Flatten(),
            Dense(20, activation="relu", name="hidden_1"),
            Dropout(0.5),
            Dense(len(classes) or 1, activation="softmax", name="output"),
        ]
    )
    count = len(classes) or 1
    y = rng.integers(0, count, 200)
    outputs = rng.dirichlet(np.ones(count), 200)
    outputs[::2] = 0.5 * outputs[::2] + 0.5 * np.eye(count)[y[::2]]
    facts = {
        "title": "digits",
        "command": "chainrule train digits --seed 0",
        "model": model,
        "history": {"loss": [1.0, 0.5], "accuracy": [0.5, 0.8], "val_loss": [0.9, 0.6], "val_accuracy": [0.6, 0.7]},
        "target": "digit",
        "classes": classes,
        "x": rng.integers(0, 17, (200, 8, 8)).astype(np.uint8),
        "y": y,
        "outputs": outputs,
        "rows": None,
        "notes": ["200 pictures"],
        "settings": {"seed": "0"},
        "seconds": 2.0,
        "versions": {"chainrule": "0"},
    }
    return Run(**{**facts, **changes})


def value_run(**changes):
    """A run on a table with a number for its target."""
    rng = np.random.default_rng(0)
    y = rng.normal(100, 20, 50)
    facts = {
        "model": Sequential([Input((2,)), Dense(3), Dense(1)]),
        "history": {"loss": [1.0], "mean_absolute_error": [0.5]},
        "classes": (),
        "x": rng.normal(size=(50, 2)).astype(np.float32),
        "y": y,
        "outputs": y + rng.normal(0, 5, 50),
    }
    return pictures_run(**{**facts, **changes})


def convolutional(shape, outputs=10):
    """An untrained convolutional network for pictures of this shape."""
    channels = [Reshape((*shape, 1))] if len(shape) == 2 else []
    return Sequential(
        [
            Input(shape),
            *channels,
            Conv2D(20, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(4, (2, 1), strides=2),
            Flatten(),
            Dense(outputs, activation="softmax"),
        ]
    )


RUNS = {
    "pictures": pictures_run,
    "values": value_run,
    "many classes": lambda: pictures_run(tuple(f"class {number}" for number in range(40))),
    "two classes": lambda: pictures_run(("no", "yes")),
    "one epoch": lambda: pictures_run(history={"loss": [1.0], "accuracy": [0.5]}),
    "not finite": lambda: pictures_run(history={"loss": [float("nan"), 1.0], "accuracy": [0.5, 0.6]}),
    "hostile": lambda: pictures_run(
        tuple(f"{HOSTILE}{number}" for number in range(5)),
        title=HOSTILE,
        target=HOSTILE,
        command=f"chainrule train '{HOSTILE}'",
        notes=[HOSTILE],
        settings={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        history={"loss": [1.0], HOSTILE: [2.0]},
    ),
    "hostile rows": lambda: value_run(rows=lambda _: {HOSTILE: HOSTILE}, target=HOSTILE),
    "all right": lambda: pictures_run(("a", "b"), y=np.array([0, 1] * 100), outputs=np.eye(2)[np.array([0, 1] * 100)]),
    "convolutions": lambda: pictures_run(model=convolutional((8, 8))),
    "convolutions of colour": lambda: pictures_run(
        x=np.zeros((200, 8, 8, 3), np.uint8), model=convolutional((8, 8, 3))
    ),
    "colour": lambda: pictures_run(
        x=np.zeros((200, 8, 8, 3), np.uint8),
        model=Sequential([Input((8, 8, 3)), Flatten(), Dense(10, activation="softmax")]),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_report_is_well_formed_and_alone(name):
    text = page(RUNS[name]())
    found = Page(text)
    assert "script" not in found.tags
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(found.tags)
    assert len(found.ids) == len(set(found.ids))
    for tag, attribute, value in found.attributes:
        assert not attribute.startswith("on")
        if attribute in ("src", "href"):
            assert (tag, attribute) == ("img", "src")
            assert value.startswith("data:image/png;base64,")
    without_pictures = re.sub(r"base64,[^\"]*", "", text)
    assert not re.search(r"https?:|//|url\(|@import", without_pictures)
    assert "nan" not in re.findall(r'points="([^"]*)"', text)
    assert text.startswith("<!DOCTYPE html>")
    assert GENERATOR in text[:1000]


def test_names_are_shown_as_text():
    found = Page(page(RUNS["hostile"]()))
    assert 'alert("x")' in found.text
    assert "\x1b" not in found.text


def test_a_report_of_pictures_says_all():
    run = pictures_run()
    found = Page(page(run))
    accuracy = float((run.outputs.argmax(axis=1) == run.y).mean())
    assert percent(accuracy, 2) in found.text
    for part in ("network", "curves", "confusion", "classes", "mistakes", "weights", "facts"):
        assert part in found.ids
    assert f"{run.model.count_params():,}" in found.text
    assert found.text.count("taken for") >= 30
    assert run.command in found.text
    assert found.tags.count("img") == 30 + 20  # mistakes, and units of the first layer
    assert found.tags.count("svg") == 3


def test_a_convolutional_network_is_drawn_with_its_maps_and_filters():
    shown = Page(page(RUNS["convolutions"]()))
    for words in ("8×8×1", "6×6×20", "3×3×20", "1×2×4", "3×3, relu", "max 2×2", "2×1", "Conv2D, 3×3, relu"):
        assert words in shown.text, words
    kinds = [value for tag, name, value in shown.attributes if tag == "rect" and name == "class"]
    assert kinds.count("window") == 3  # one on each stack that another looks at
    assert kinds.count("map input") == 1
    assert kinds.count("map") == 8 + 8 + 4
    filters = [value for tag, name, value in shown.attributes if tag == "img" and name == "alt" and "filter" in value]
    assert sorted(filters) == sorted(f"filter {number}" for number in range(20))
    assert "in each window of the picture" in shown.text
    assert "each pixel in the colour that speaks for it" in Page(page(RUNS["convolutions of colour"]())).text


def test_a_report_of_values_says_all():
    run = value_run()
    found = Page(page(run))
    scores = score(run.y, run.outputs, ())
    for value in (amount(scores.rmse), amount(scores.mae), f"{scores.r2:.3f}"):
        assert value in found.text
    assert {"fit", "mistakes"} <= set(found.ids)
    assert "confusion" not in found.ids


def test_the_worst_mistake_comes_first():
    outputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.01, 0.99], [0.6, 0.4]])
    run = pictures_run(("cat", "dog"), x=np.zeros((4, 8, 8), np.uint8), y=np.array([0, 0, 0, 1]), outputs=outputs)
    text = Page(page(run)).text
    order = [text.index(f"{sure} % sure") for sure in ("99.0", "80.0", "60.0")]
    assert order == sorted(order)
    assert "90.0 % sure" not in text


def test_writing_replaces_the_whole_file(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    write(path, pictures_run())
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_scores_of_classes_by_hand():
    # True 0 0 0 1 1 2, said 0 0 1 1 0 0: class 2 is never said.
    y, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0])
    scores = score(y, np.eye(3)[said], ("a", "b", "c"))
    assert scores.confusion.tolist() == [[2, 1, 0], [1, 1, 0], [1, 0, 0]]
    assert scores.accuracy == 0.5
    np.testing.assert_allclose(scores.precision, [2 / 4, 1 / 2, np.nan])
    np.testing.assert_allclose(scores.recall, [2 / 3, 1 / 2, 0])
    np.testing.assert_allclose(scores.f1, [4 / 7, 1 / 2, 0])
    assert scores.support.tolist() == [3, 2, 1]


def test_scores_of_values_by_hand():
    scores = score(np.array([1.0, 3.0]), np.array([2.0, 3.0]), ())
    assert (scores.rmse, scores.mae, scores.r2) == (pytest.approx(0.5**0.5), 0.5, 0.5)
    assert np.isnan(score(np.ones(2), np.ones(2), ()).r2)


def test_rows_come_back_from_inputs(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("mass,colour,kind\n" + "9,red,a\n150.5,blue,b\n12,,a\n" * 10)
    table = read_table(path, "kind")
    shown = {tuple(table_rows(table.schema)(x).items()) for x in table.x_train}
    assert shown == {
        (("mass", "9"), ("colour", "red")),
        (("mass", "150.5"), ("colour", "blue")),
        (("mass", "12"), ("colour", "missing")),
    }


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (1, 60, [0, 20, 40, 60]), (5, 5, None), (-3.2, 4, [-4, -2, 0, 2, 4])],
)
def test_ticks(low, high, marks):
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert marks is None or found == pytest.approx(marks)


def test_pictures_of_samples_and_weights():
    pixels = sample_pixels(np.array([[0, 16], [8, 4]], np.uint8), 16)
    assert pixels.tolist() == [[0, 255], [127, 63]]
    weights = weight_pixels(np.array([[1.0, -0.5], [0.0, 0.25]]))
    assert weights[..., 3].tolist() == [[255, 128], [0, 64]]
    assert weights[0, 0, 2] > weights[0, 0, 0]
    assert weights[0, 1, 0] > weights[0, 1, 2]


def test_pictures_in_the_page_are_pngs():
    found = Page(page(pictures_run()))
    source = next(value for tag, name, value in found.attributes if (tag, name) == ("img", "src"))
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        assert (image.format, image.size) == ("PNG", (8, 8))


def test_text_and_numbers():
    assert escape("a" * 100) == "a" * 59 + "…"
    assert escape("\x1b[31mred\n") == " [31mred "
    assert amount(-1234.6) == "-1,235"
    assert amount(0) == "0"
    assert amount(3e-7) == "3.00e-07"
    assert duration(3600) == "60 min 0 s"
