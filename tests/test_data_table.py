"""Tables from CSV files: what is found out, what is said, and what is refused."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import TableSchema, read_table, train_test_indices
from chainrule.data.csv import read_lines
from chainrule.errors import ArgumentError, DataError, FileFormatError, UnknownNameError

REAL_DATA = Path(os.environ.get("CHAINRULE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "tabular"

FLATS = "rooms,town,price\n" + "".join(
    f"{1 + i % 4},{('Umea', 'Lund', '?')[i % 3]},{100.5 + 3 * i}\n" for i in range(40)
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_table_by_hand(write):
    # Without a test part the statistics are those of all rows, and can be worked out on paper.
    path = write("size,colour,kind\n1,red,a\n3,blue,b\n,red,a\n5,?,b\n")
    table = read_table(path, "kind", test_share=0.0)
    x = table.schema.transform([("1", "red"), ("3", "blue"), ("", "red"), ("5", "?")])
    # median 3; mean of 1, 3, 3, 5 is 3, deviation sqrt(2)
    np.testing.assert_allclose(x[:, 0], np.array([-2, 0, 0, 2]) / np.sqrt(2), rtol=1e-6)
    np.testing.assert_array_equal(x[:, 1:], [[0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert table.schema.feature_names == ["size", "colour = missing", "colour = blue", "colour = red"]
    assert table.schema.classes == ("a", "b")
    assert any("median 3" in note for note in table.notes)
    assert any("1 missing values are a category" in note for note in table.notes)
    np.testing.assert_array_equal(np.sort(table.y_train), [0, 0, 1, 1])


def test_statistics_come_from_the_training_part_alone(write):
    table = read_table(write(FLATS), "price")
    assert (len(table.x_train), len(table.x_test)) == (32, 8)
    np.testing.assert_allclose(table.x_train[:, 0].mean(dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(table.x_train[:, 0].std(dtype=float), 1, rtol=1e-6)
    assert abs(table.x_test[:, 0].mean()) > 1e-3
    assert table.x_train.dtype == table.y_train.dtype == np.float32


def test_the_same_seed_splits_the_same_way(write):
    path = write(FLATS)
    first, again, other = (read_table(path, "price", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.y_test, again.y_test)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    assert set(first.y_test) != set(other.y_test)
    assert not set(first.y_test) & set(first.y_train)


def test_each_class_gives_its_share_and_nothing_is_lost():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    train, test = train_test_indices(100, 0.2, 3, labels)
    assert np.bincount(labels[test]).tolist() == [10, 6, 4]
    assert sorted([*train, *test]) == list(range(100))
    assert (np.diff(labels[train]) < 0).any()  # in random order, so that the last rows are of all classes


def test_the_order_for_a_seed_never_changes():
    # A stored model's split must be found again by later versions.
    train, test = train_test_indices(10, 0.3, seed=7)
    assert (train.tolist(), test.tolist()) == ([8, 1, 6, 2, 7, 5, 0], [4, 3, 9])


def test_a_schema_survives_json_and_gives_the_same(write):
    table = read_table(write(FLATS), "price")
    schema = TableSchema.from_config(json.loads(json.dumps(table.schema.to_config(), allow_nan=False)))
    assert schema == table.schema
    rows = [{"rooms": 2, "town": "Lund"}, {"rooms": None, "town": "Rome", "more": 1}]
    np.testing.assert_array_equal(
        schema.transform(rows), table.schema.transform([[2.0, "Lund"], ["nan", "Rome"]])
    )
    assert schema.transform(rows)[1, 1:].sum() == 0  # a town that was never met is none of the known ones
    assert schema.transform([]).shape == (0, schema.width)
    y = table.y_train
    np.testing.assert_allclose(schema.restore_target(schema.standardise_target(y)), y, rtol=1e-6)
    np.testing.assert_allclose(schema.standardise_target(y).std(), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c.pop("classes"),
        lambda c: c.update(more=1),
        lambda c: c.update(names="ab"),
        lambda c: c.update(target_position=-1),
        lambda c: c.update(target_position=99),
        lambda c: c.update(target_deviation=0.0),
        lambda c: c.update(target_mean=float("nan")),
        lambda c: c.update(columns=[]),
        lambda c: c["columns"].reverse(),
        lambda c: c["columns"][0].update(deviation=-1.0),
        lambda c: c["columns"][0].update(mean="0"),
        lambda c: c["columns"][0].update(kind="os.system"),
        lambda c: c["columns"][1].update(categories=[1]),
        lambda c: c["columns"][1].update(name="elsewhere"),
    ],
)
def test_a_damaged_schema_is_refused(write, damage):
    config = read_table(write(FLATS), "price").schema.to_config()
    damage(config)
    with pytest.raises(FileFormatError):
        TableSchema.from_config(config)


def test_other_files_of_the_same_kind(write):
    schema = read_table(write(FLATS), "price").schema
    x, _ = schema.read(write("town;rooms\nLund;2\nOslo;3\n"))
    np.testing.assert_array_equal(x, schema.transform([[2, "Lund"], [3, "Oslo"]]))
    _, notes = schema.read(write("3,Oslo\n"))
    assert notes == ["'town': not met in training: Oslo"]
    x, y, notes = schema.read_with_target(write("price,rooms,town\n7,2,Lund\n?,3,Lund\n"))
    assert (len(x), y.tolist(), notes) == (1, [7.0], ["'price': 1 rows without a target left out"])
    with pytest.raises(DataError, match="target column is missing"):
        schema.read_with_target(write("rooms,town\n2,Lund\n"))
    with pytest.raises(DataError, match="columns are not those") as caught:
        schema.read(write("rooms,village\n2,Lund\n"))
    assert "town" in caught.value.got
    with pytest.raises(DataError, match="not a number"):
        schema.read(write("rooms,town\nmany,Lund\n"))
    with pytest.raises(DataError, match="another number of values"):
        schema.transform([[1, 2, 3]])


def test_labels_of_other_files(write):
    schema = read_table(write("a,b\n" + "1.5,1\n2.5,2\n" * 10), "b").schema
    assert schema.transform_target(["2.0", 1]).tolist() == [1, 0]
    with pytest.raises(UnknownNameError):
        schema.transform_target(["3"])


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (["yes", "no"], "classification", ("no", "yes")),
        (["10", "9"], "classification", ("9", "10")),
        (["1.0", "2.0", "3.0"], "classification", ("1", "2", "3")),
        (["0.5", "1.5"], "regression", ()),
        ([str(n) for n in range(21)], "regression", ()),
    ],
)
def test_classification_or_regression(write, target, task, classes):
    rows = [f"{i * 0.37},{target[i % len(target)]}" for i in range(210)]
    table = read_table(write("a,b\n" + "\n".join(rows)), "b")
    assert (table.schema.task, table.schema.classes) == (task, classes)
    assert any(note.startswith(task) for note in table.notes)


def test_few_rows_of_whole_numbers_are_amounts(write):
    rows = [f"{i * 0.37},{i % 7}" for i in range(21)]  # each met three times only
    assert read_table(write("a,b\n" + "\n".join(rows)), "b").schema.task == "regression"
    assert (
        read_table(write("a,b\n" + "\n".join(rows)), "b", task="classification").schema.task
        == "classification"
    )


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,x\n2,y\n", True),
        ("1,x\n2,y\n", False),
        ("red,x\nblue,y\nred,x\n", False),  # "red" is met again: it is a value
        ("colour,kind\nred,x\nblue,y\nred,x\n", True),
        (",a,b\n0,1.5,x\n1,2.5,y\n2,2.7,x\n", True),  # as pandas writes it
        ("?,x\n3,y\n4,x\n", False),
    ],
)
def test_headers_are_found(write, text, header):
    target = None if not header else {"a,b": "b", "col": "kind", ",a,": "b"}[text[:3]]
    assert read_table(write(text), target, test_share=0.0).schema.header == header


def test_columns_that_say_nothing_are_left_out(write):
    rows = [f"{i},same,{i * 0.7 % 1},name {i},{i % 2}" for i in range(60)]
    table = read_table(write("id,constant,a,name,b\n" + "\n".join(rows)), "b")
    assert table.schema.feature_names == ["a"]
    said = " ".join(table.notes)
    assert "'id': left out, it counts the rows" in said
    assert "'constant': left out, one value only" in said
    assert "'name': left out, 60 different texts" in said


def test_delimiters_blanks_quotes_and_marks(write):
    for text in ("a, b\n1, x\n2, y z\n", "a;b\r\n1;x\r\n2;y z\r\n", 'a\tb\n1\tx\n\n2\t"y z"\n'):
        schema = read_table(write(b"\xef\xbb\xbf" + text.encode()), "b", test_share=0).schema
        assert (schema.names, schema.classes) == (("a",), ("x", "y z"))


@pytest.mark.parametrize(
    ("content", "target", "problem", "where"),
    [
        ("", None, "empty", "table.csv"),
        ("\n\n", None, "empty", "table.csv"),
        ("a,b\n", "b", "no rows below the header", "table.csv"),
        ("a,b\n1,2\n3\n4,5\n", "b", "number of fields", "line 3"),
        ("a,b\n1,5\n2,5\n", "b", "same in every row", "'b'"),
        ("a,b\n1,\n2,?\n", "b", "no values", "'b'"),
        ("a,a\n1,2\n2,3\n", "a", "same name", "line 1"),
        ("a\n1\n2\n", "a", "one column only", "table.csv"),
        ("a,b\n1,\xe5\n".encode("latin-1"), "b", "UTF-8", "byte"),
        ("a,b\n1,2\n".encode("utf-16"), "b", "UTF-8", "byte 0"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", None, "UTF-8", "byte 0"),
        ('a,b\n1,"2\n', "b", "not a CSV file", "line 2"),
        ("a,b\n" + "1," + "2" * 200_000 + "\n", "b", "not a CSV file", "line"),
        ("a,b\n1e999,1\n2,2\n", "b", "not a number", "'a'"),
        ("a,b\nx,1.5\nx,2.5\n", "b", "no column is left", "table.csv"),
        (
            "a,b\n" + "".join(f"{i}.5,{i % 2}\n" for i in range(60)) + "oops,1\n",
            "b",
            "also 1 words",
            "line 62",
        ),
        ("a,b\n" + "".join(f"{i},name{i}\n" for i in range(60)), "b", "no classes", "'b'"),
    ],
)
def test_bad_tables(write, content, target, problem, where):
    with pytest.raises(DataError, match=problem) as caught:
        read_table(write(content), target)
    assert where in caught.value.where


def test_bad_targets(write):
    with pytest.raises(UnknownNameError) as caught:
        read_table(write(FLATS), "prise")
    assert "price" in caught.value.hint
    with pytest.raises(ArgumentError, match="not given"):
        read_table(write(FLATS))
    with pytest.raises(UnknownNameError):
        read_table(write("1,2\n2,3\n"), 3)
    assert read_table(write("1,2.5,3\n2,3.5,4\n"), 1, test_share=0).schema.target == "column 1"
    with pytest.raises(ArgumentError, match="test_share"):
        read_table(write(FLATS), "price", test_share=1.0)


# Rows and columns as published; inputs after one-hot encoding counted with an independent reader (pandas).
PUBLISHED = {
    "abalone": (None, 4177, "regression"),
    "adult-train": (None, 32561, "classification"),
    "auto-mpg": ("mpg", 398, "regression"),
    "california-housing": ("median_house_value", 20640, "regression"),
    "german-credit": (None, 1000, "classification"),
    "ionosphere": (None, 351, "classification"),
    "iris": (None, 150, "classification"),
    "pima-indians-diabetes": (None, 768, "classification"),
    "sonar": (None, 208, "classification"),
    "wine": (None, 178, "classification"),
    "winequality-white": (None, 4898, "classification"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_real_tables(name):
    path = REAL_DATA / f"{name}.csv"
    if not path.is_file():
        pytest.skip("the table is not here")
    target, rows, task = PUBLISHED[name]
    table = read_table(path, target)
    assert len(table.x_train) + len(table.x_test) == rows
    assert table.schema.task == task
    assert np.isfinite(table.x_train).all()
    assert np.isfinite(table.x_test).all()
    x, y, _ = table.schema.read_with_target(path)
    np.testing.assert_allclose(np.sort(y), np.sort(np.concatenate([table.y_train, table.y_test])))
    np.testing.assert_allclose(
        x.sum(dtype=float), table.x_train.sum(dtype=float) + table.x_test.sum(dtype=float), atol=x.size * 1e-7
    )


def test_decimal_commas(write):
    table = read_table(write("a;b;y\n" + "1,5;-2;p\n,25;3,0e1;q\n0,5;4;p\n" * 5), "y")
    assert table.schema.feature_names == ["a", "b"]
    assert "20 numbers are written with a decimal comma" in table.notes
    assert table.schema.columns[0].mean == pytest.approx(0.75, abs=0.2)
    comma = table.schema.read(write("a;b\n1,5;30\n"))[0]
    np.testing.assert_array_equal(comma, table.schema.read(write("a,b\n1.5,30\n"))[0])


def test_decimal_commas_in_the_first_line_are_not_taken_for_separators(tmp_path):
    path = tmp_path / "headless.csv"
    path.write_text("1,5;2,5;3,25;a\n2,5;1,0;4,75;b\n")
    lines = read_lines(path)
    assert lines.rows == [["1.5", "2.5", "3.25", "a"], ["2.5", "1.0", "4.75", "b"]]
    assert lines.decimal_commas == 6
    path.write_text("a;b,c,d\n1;2,3,4\n")  # here a semicolon is part of a name
    assert read_lines(path).rows == [["a;b", "c", "d"], ["1;2", "3", "4"]]
