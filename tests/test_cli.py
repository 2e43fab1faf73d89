"""The command line: a few cases in processes of their own, as a person starts it, the others within this one."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from chainrule import cli
from chainrule.cli import network, output, recipes, sources, train
from chainrule.cli.card import Card, Origin, Target
from chainrule.cli.inputs import ArrayInput, DigitInput, ImageInput, TableInput, input_from_config, read_rows
from chainrule.cli.interrupt import stopping_gently
from chainrule.data import DIGITS, MNIST, read_table
from chainrule.datasets.digits import load_data as load_digits
from chainrule.errors import ChainruleError, DataError, FileFormatError
from chainrule.kernels import compile
from chainrule.version import __version__

REAL = Path(os.environ.get("CHAINRULE_DATA") or Path(__file__).parents[2] / "shared" / "data")


# An empty cache, and an address that refuses for the network.
ALONE = {"CHAINRULE_DATA": "", "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}


def run_apart(*words, folder=None):
    """`python -m chainrule words` in a process of its own: what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, **ALONE, "CHAINRULE_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def run(*words, folder=".", code=0, **variables):
    """The same in this process, which has loaded everything; the exit code must be `code`."""
    out, errors = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, {**ALONE, **variables}), chdir(folder), redirect_stdout(out), redirect_stderr(errors):
        ended = cli.main([str(word) for word in words])
    assert ended == code, out.getvalue() + errors.getvalue()
    return SimpleNamespace(stdout=out.getvalue(), stderr=errors.getvalue())


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A folder with a network trained on the digits, and what the command printed."""
    folder = tmp_path_factory.mktemp("digits")
    done = run_apart("train", "digits", "--epochs", 12, "--output", "out", folder=folder)
    return folder, done.stdout


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A folder with houses.csv and two networks: one for the price, one for the kind."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    rooms, age = rng.integers(1, 9, 240), rng.uniform(0, 50, 240)
    town = rng.choice(["north", "south"], 240)
    price = 20_000 * rooms - 500 * age + np.where(town == "north", 30_000, 0) + 100_000
    kind = np.where(rooms > 4, "large", "small")
    with (folder / "houses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rooms", "age", "town", "price", "kind"])
        writer.writerows(
            [r, f"{a:.2f}" if number % 10 else "", t, f"{p:.1f}", k]
            for number, (r, a, t, p, k) in enumerate(zip(rooms, age, town, price, kind, strict=True))
        )
    (folder / "new.csv").write_text("rooms,age,town,kind\n8,3,north,large\n2,?,south,small\n")
    few = ("--epochs", 40, "--hidden", "16", "--quiet")
    price_run = run("train", "houses.csv", "--target", "price", "--output", "price", *few, folder=folder)
    kind_run = run("train", "houses.csv", "--target", "kind", "--output", "kind", *few, folder=folder)
    return folder, price_run.stdout, kind_run.stdout


# What can be typed.


def test_version_and_help():
    assert run_apart("--version").stdout == f"chainrule {__version__}\n"
    text = run_apart("--help").stdout
    assert all(command in text for command in ("train", "evaluate", "predict", "summary"))


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom chainrule.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numba', 'scipy', 'h5py', 'rich', 'pooch', 'PIL'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("bogus",),
        ("train", "digits", "--epochs", "0"),
        ("train", "digits", "--hidden", "5,x"),
        ("train", "digits", "--dropout", "1"),
        ("train", "digits", "--learning-rate", "nan"),
        ("train", "digits", "--model", "rnn"),
        ("train", "digits", "--model", "cnn", "--augment", "flip,flap"),
        ("predict", "model.keras"),
    ],
)
def test_wrong_usage_is_code_2(words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert "usage: chainrule" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "minst"), "did you mean 'mnist'?"),
        (("train", "hauses.csv", "--target", "a"), "did you mean 'houses.csv'?"),
        (("train", "houses.csv"), "--target 'c' would be the last column"),
        (("train", "houses.csv", "--target", "d"), "unknown target column"),
        (("train", "empty.csv", "--target", "a"), "the file is empty"),
        (("train", "notes.doc"), "unknown kind of file"),
        (("train", "broken.npz"), "not an .npz file"),
        (("train", "pictures"), "no classes to tell apart"),
        (("train", "digits", "--target", "a"), "only a table has a target column"),
        (("train", "digits", "--output", "notes.doc"), "notes.doc: file exists"),
        (("train", "digits", "--output", "taken"), "did not write"),
        (("train", "digits", "--activation", "rellu"), "did you mean 'relu'?"),
        (("train", "digits", "--optimizer", "adm"), "did you mean 'adam'?"),
        (("predict", "absent.keras", "a.png"), "absent.keras"),
        (("predict", "pictures", "a.png"), "a folder is no model"),
        (("predict", "notes.doc", "a.png"), "not a model"),
        (("evaluate", "damaged.keras", "digits"), "damaged.keras"),
        (("summary", "damaged.keras"), "damaged.keras"),
        (("summary", "pictures"), "a folder is no model"),
        (("summary", "notes.doc"), "not a model"),
        (("train", "digits", "--hidden", "100000,100000"), "the network is too large"),
        (("train", "digits", "--fast", "--model", "mlp"), "--fast is a recipe for --model cnn"),
        (("train", "digits", "--filters", "8,16"), "add --model cnn"),
        (("train", "houses.csv", "--target", "c", "--model", "cnn"), "convolutions are for pictures"),
        (("train", "digits", "--model", "cnn", "--filters", "40000,40000"), "the network is too large"),
        (("train", "hole.npz"), "hole.npz: x: there are numbers that are not finite\n  got       nan at [5, 1]"),
    ],
)
def test_a_mistake_is_said_without_a_traceback(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text("a,b,c\n" + "1,2,3.5\n2,3,1.5\n" * 9)
    Path("empty.csv").write_text("")
    Path("notes.doc").write_text("x")
    Path("broken.npz").write_text("x")
    hole = np.zeros((20, 2))
    hole[5, 1] = np.nan
    np.savez("hole.npz", x=hole, y=np.arange(20) % 2)
    Path("damaged.keras").write_bytes(b"PK\3\4 and then nothing")
    Path("pictures").mkdir()
    Path("taken").mkdir()
    Path("taken", "report.html").write_text("<p>mine</p>")
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(words) == 1
    message = capsys.readouterr().err
    assert message.startswith("chainrule: ")
    assert said in message
    assert "Traceback" not in message
    assert sorted(tmp_path.rglob("*")) == before
    assert Path("taken", "report.html").read_text() == "<p>mine</p>"


def test_debug_shows_the_traceback(capsys):
    assert cli.main(["train", "minst", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert cli.main(["--debug", "train", "minst"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_run_that_fails_leaves_no_folder(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise DataError("no")

    monkeypatch.setattr(train, "_fit", fails)
    (tmp_path / "there").mkdir()
    for folder in ("new/deeper", "there"):
        assert "no" in run("train", "digits", "--output", folder, folder=tmp_path, code=1).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_bug_is_not_hidden_as_a_mistake(monkeypatch):
    monkeypatch.setattr(sources, "load", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["train", "digits"])


# Training.


def test_train_digits(digits):
    folder, said = digits
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["history.csv", "model.keras", "report.html"]
    last = said.splitlines()[-1]
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", last)
    assert float(last.split()[-1]) > 0.93
    for name in ("model.keras", "history.csv", "report.html"):
        assert str(Path("out", name)) in said
    with (folder / "out" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == [str(number) for number in range(1, 13)]
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_the_best_epoch_is_judged_where_the_report_says(tmp_path):
    few = ("--epochs", 2, "--hidden", 8, "--patience", 2)
    assert "the best one in training" in run("train", "digits", "--validation", 0, *few, folder=tmp_path).stdout
    assert "the best one in validation" in run("train", "digits", *few, folder=tmp_path).stdout


def test_the_same_seed_gives_the_same_model(tmp_path):
    words = ("train", "digits", "--epochs", 2, "--hidden", 8, "--seed", 7)
    first, second = (run(*words, "--output", name, folder=tmp_path).stdout.splitlines()[-1] for name in "ab")
    assert first == second
    assert (tmp_path / "a/history.csv").read_text() == (tmp_path / "b/history.csv").read_text()


def test_the_wait_of_the_first_run_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    assert train.is_first_run()
    compile.cache_folder().mkdir(parents=True)
    assert not train.is_first_run()


def test_quiet_says_the_result_alone_and_a_second_run_replaces_its_files(tmp_path):
    words = ("train", "digits", "--epochs", 1, "--hidden", 0, "--quiet")
    first = run(*words, folder=tmp_path).stdout
    assert re.fullmatch(r"test accuracy: \d\.\d{4}\n", first)
    other = tmp_path / "chainrule-output" / "digits" / "mine.txt"
    other.write_text("mine")
    assert run(*words, folder=tmp_path).stdout == first
    assert other.read_text() == "mine"
    assert len(list(other.parent.iterdir())) == 4


def test_without_source_and_offline_the_built_in_digits_are_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    reason = "mnist is not here and cannot be downloaded: none of 2 mirrors answered within 4 s"
    monkeypatch.setattr("chainrule.datasets.mnist.available", lambda: (False, reason))
    assert cli.main(["train", "--epochs", "1", "--hidden", "0"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"data: digits, because {reason}; the built-in digits are used"


def test_the_readme_can_name_the_folder_whichever_digits_are_at_hand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = sources.load("digits")
    for name in ("mnist", "digits"):
        found = replace(data, name=name)
        monkeypatch.setattr(sources, "load_default", lambda seed, found=found: (found, "it is here"))
        assert cli.main(["train", "--epochs", "1", "--hidden", "0", "--quiet"]) == 0
        assert [path.name for path in Path("chainrule-output").iterdir()] == ["digits"]
    words = re.findall(r"chainrule predict (\S+)", (Path(__file__).parents[1] / "README.md").read_text())
    assert words[0] == "chainrule-output/digits/model.keras"


def test_a_damaged_mnist_is_no_reason_to_stop(monkeypatch):
    def damaged():
        raise FileFormatError("the gzip stream is damaged", where="train-images")

    monkeypatch.setattr("chainrule.datasets.mnist.available", lambda: (True, "mnist is here"))
    monkeypatch.setattr("chainrule.datasets.mnist.load_data", damaged)
    data, reason = sources.load_default(seed=0)
    assert data.name == "digits"
    assert reason == "the gzip stream is damaged (train-images); the built-in digits are used"


def test_train_on_a_folder_of_pictures(tmp_path):
    rng = np.random.default_rng(0)
    for name, low, high in (("night", 0, 90), ("day <b>", 150, 255)):
        (tmp_path / "sky" / name).mkdir(parents=True)
        for number in range(20):
            picture = rng.integers(low, high, (6, 9, 3), np.uint8)
            Image.fromarray(picture).save(tmp_path / "sky" / name / f"{number}.png")
    (tmp_path / "sky" / "night" / "broken.png").write_text("no picture")
    done = run("train", "sky", "--epochs", 30, folder=tmp_path)
    assert "1 file left out" in done.stdout
    assert done.stdout.splitlines()[-1] == "test accuracy: 1.0000"
    model = "chainrule-output/sky/model.keras"
    Image.new("RGB", (50, 40), (20, 20, 30)).save(tmp_path / "a.jpg")
    assert run("predict", model, "a.jpg", folder=tmp_path).stdout.split()[1] == "night"
    tested = run("evaluate", model, "sky", folder=tmp_path).stdout
    assert "test accuracy: 1.0000" in tested
    assert "most of them were trained on" in tested
    assert "1 file left out" in tested


def test_a_convolutional_network_on_a_folder_of_colour_pictures(tmp_path):
    """Stripes across and stripes down have the same brightness: windows tell them apart."""
    rng = np.random.default_rng(0)
    for name, axis in (("across", 0), ("down", 1)):
        (tmp_path / "stripes" / name).mkdir(parents=True)
        for number in range(30):
            stripes = np.indices((12, 12))[axis] // 2 % 2
            picture = stripes[..., None] * rng.integers(100, 200, 3) + rng.integers(0, 50, (12, 12, 3))
            Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "stripes" / name / f"{number}.png")
    (tmp_path / "stripes" / "down" / "notes.txt").write_text("no picture")
    few = ("--model", "cnn", "--filters", "4,8", "--epochs", 15)
    done = run("train", "stripes", *few, folder=tmp_path)
    assert "1 file left out" in done.stdout
    assert "notes.txt" in done.stdout
    assert "convolutions 3-4-8, dense 72-2" in done.stdout
    assert float(done.stdout.split()[-1]) > 0.9
    model = "chainrule-output/stripes/model.keras"
    answer = json.loads(run("predict", "--json", model, "stripes/across/0.png", folder=tmp_path).stdout)
    assert answer[0]["class"] == "across"
    assert "test accuracy" in run("evaluate", model, "stripes", folder=tmp_path).stdout
    report = (tmp_path / "chainrule-output" / "stripes" / "report.html").read_text(encoding="utf-8")
    assert "--model cnn --filters 4,8" in report
    assert "flip, shift, zoom" in report


def test_the_fast_recipe_is_a_convolutional_network(tmp_path):
    done = run("train", "digits", "--fast", "--epochs", 2, "--filters", "4,8", folder=tmp_path)
    assert "network: convolutions 1-4-8" in done.stdout
    report = (tmp_path / "chainrule-output" / "digits" / "report.html").read_text(encoding="utf-8")
    assert "chainrule train digits --seed 0 --fast --filters 4,8" in report
    assert "the 360 samples" in run("evaluate", "chainrule-output/digits/model.keras", "digits", folder=tmp_path).stdout


def test_convolutions_fit_pictures_of_any_size():
    recipe = recipes.for_convolutions(60000, colour=False, fast=True)
    for side in (1, 2, 3, 5, 8, 28, 64):
        stages = network._stages((side, side + 1), recipe)
        assert all(min(stage.sides) >= 1 for stage in stages)
    assert [stage.sides for stage in network._stages((28, 28), recipe)] == [(12, 12), (5, 5), (3, 3)]


def test_photographs_are_scaled_to_what_a_dense_network_can_take(tmp_path):
    for name in ("night", "day"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.new("L", (1200, 900), 40 * number).save(tmp_path / name / f"{number}.png")
    data = sources.load(str(tmp_path))
    assert data.x_train.shape == (8, 48, 64)
    assert "10 pictures of another size scaled to 48x64" in data.notes


def test_train_on_arrays(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(50, 10, (200, 3))
    np.savez(tmp_path / "rings.npz", x=x, y=np.where(x[:, 0] > 50, "far", "near"))
    done = run("train", "rings.npz", "--epochs", 20, folder=tmp_path)
    assert "classification: y has 2 classes" in done.stdout
    assert float(done.stdout.split()[-1]) > 0.85
    np.save(tmp_path / "rows.npy", np.array([[90.0, 50, 50], [10, 50, 50]]))
    answers = json.loads(
        run("predict", "--json", "chainrule-output/rings/model.keras", "rows.npy", folder=tmp_path).stdout
    )
    assert [(answer["row"], answer["class"]) for answer in answers] == [(1, "far"), (2, "near")]
    assert sum(item["probability"] for item in answers[0]["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert (
        "the 40 samples of the test part"
        in run("evaluate", "chainrule-output/rings/model.keras", "rings.npz", folder=tmp_path).stdout
    )


def test_train_on_arrays_with_amounts(tmp_path):
    x = np.random.default_rng(0).normal(0, 1, (300, 2)).astype(np.float32)
    np.savez(tmp_path / "sums.npz", x=x, y=1000 + 100 * x.sum(axis=1))
    done = run("train", "sums.npz", "--epochs", 40, folder=tmp_path)
    assert "regression" in done.stdout
    found = re.fullmatch(r"test RMSE: (\S+)   MAE: (\S+)   R²: (\S+)", done.stdout.splitlines()[-1])
    assert float(found[1]) < 30
    assert float(found[3]) > 0.95


def test_tables(table):
    folder, price, kind = table
    assert float(re.search(r"R²: (\S+)", price)[1]) > 0.9
    assert float(kind.split()[-1]) > 0.9
    answers = json.loads(run("predict", "price/model.keras", "new.csv", "--json", folder=folder).stdout)
    assert [answer["target"] for answer in answers] == ["price", "price"]
    assert answers[0]["value"] == pytest.approx(288_500, rel=0.15)
    said = run("predict", "kind/model.keras", "houses.csv", folder=folder).stdout
    assert len(said.splitlines()) == 240
    assert run_apart("evaluate", "kind/model.keras", "houses.csv", folder=folder).stdout.endswith(kind)
    assert "all 3 rows" in _evaluate_three_rows(folder)


def _evaluate_three_rows(folder):
    lines = (folder / "houses.csv").read_text().splitlines()
    (folder / "three.csv").write_text("\n".join(lines[:4]) + "\n")
    return run("evaluate", "kind/model.keras", "three.csv", folder=folder).stdout


def test_a_source_that_does_not_fit_the_model(table, digits):
    folder, _, _ = table
    model = digits[0] / "out" / "model.keras"
    assert "does not fit the model" in run("evaluate", model, "houses.csv", folder=folder, code=1).stderr
    assert "another kind of file" in run("predict", model, "new.csv", folder=folder, code=1).stderr
    assert "columns" in run("predict", "kind/model.keras", _other_table(folder), folder=folder, code=1).stderr


def test_a_folder_of_drawn_digits_tests_a_model_as_predict_reads_them(digits):
    folder, _ = digits
    (x, y), _ = load_digits()
    for number in range(40):
        (folder / "drawn" / str(y[number])).mkdir(parents=True, exist_ok=True)
        drawn = Image.fromarray((255 - 15 * x[number]).astype(np.uint8)).resize((90, 90), Image.Resampling.BICUBIC)
        drawn.save(folder / "drawn" / str(y[number]) / f"{number}.png")
    Image.new("L", (50, 50), 255).save(folder / "drawn" / "7" / "blank.png")
    said = run("evaluate", "out/model.keras", "drawn", folder=folder).stdout
    assert "1 file left out, no pictures or damaged: 7/blank.png" in said
    assert "all 40 pictures" in said
    assert float(said.split()[-1]) > 0.7  # 12 epochs, and a slant that is taken out
    (folder / "drawn" / "ten").mkdir()
    Image.new("L", (50, 50), 255).save(folder / "drawn" / "ten" / "0.png")
    assert "unknown class" in run("evaluate", "out/model.keras", "drawn", folder=folder, code=1).stderr
    assert "a folder" in run("summary", "drawn", folder=folder, code=1).stderr


def test_pictures_scaled_to_one_are_refused_where_bytes_are_meant(digits):
    folder, _ = digits
    x, y = (part[:30] for part in load_digits()[1])
    np.save(folder / "ones.npy", x / 16)
    np.savez(folder / "ones.npz", x=x / 16, y=y)
    for words in (("predict", "out/model.keras", "ones.npy"), ("evaluate", "out/model.keras", "ones.npz")):
        said = run(*words, folder=folder, code=1).stderr
        assert "too dark to be seen" in said
        assert "multiply them by 16" in said


def test_errors_in_new_tables_name_the_file(table):
    folder, _, _ = table
    (folder / "words.csv").write_text("rooms,age,town,price,kind\nmany,3,north,9,large\n")
    (folder / "kinds.csv").write_text("rooms,age,town,price,kind\n8,3,north,9,big\n")
    for source, said in (
        ("words.csv", "words.csv: rooms, row 1: not a number"),
        ("kinds.csv", "kinds.csv: row 1, 'kind': unknown class"),
    ):
        assert said in run("evaluate", "kind/model.keras", source, folder=folder, code=1).stderr


def _other_table(folder):
    (folder / "other.csv").write_text("wheels,colour\n4,red\n2,blue\n")
    return "other.csv"


def test_ctrl_c_saves_and_reports(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "chainrule", "train", "digits", "--epochs", "100000", "--output", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "CHAINRULE_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Epoch 2/"):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "stopping after this batch" in errors
    assert "Traceback" not in errors
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", rest.splitlines()[-1])
    assert "training was interrupted" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "output" in run("summary", "out/model.keras", folder=tmp_path).stdout


def test_a_full_disk_leaves_the_old_model_whole(tmp_path, monkeypatch, capsys):
    words = ["train", "digits", "--epochs", "1", "--hidden", "0", "--output", str(tmp_path), "--quiet"]
    assert cli.main(words) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def no_space(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    capsys.readouterr()
    assert cli.main(words) == 1
    assert "no space left on device" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# Predicting.


def test_predict_digits(digits):
    folder, _ = digits
    (_, _), (x, y) = load_digits()
    names = []
    for k in range(0, 200, 10):
        names.append(f"{k}.png")
        _draw(255 - x[k] * 15, (200, 200), (40 + k // 10, 60)).save(folder / names[-1])
    answers = json.loads(run("predict", "out/model.keras", *names, "--json", folder=folder).stdout)
    right = sum(answer["class"] == str(y[k]) for answer, k in zip(answers, range(0, 200, 10), strict=True))
    assert right >= 16
    assert [len(answer["probabilities"]) for answer in answers] == [3] * 20
    np.save(folder / "rows.npy", x[:30].reshape(30, 64))
    lines = run("predict", "out/model.keras", "rows.npy", folder=folder).stdout.splitlines()
    assert sum(line.split()[1] == str(label) for line, label in zip(lines, y[:30], strict=True)) >= 27


def test_one_bad_file_of_two(digits):
    folder, _ = digits
    (_, _), (x, _) = load_digits()
    _draw(255 - x[0] * 15, (200, 200), (50, 50)).save(folder / "good.png")
    Image.new("L", (90, 90), 255).save(folder / "blank.png")
    done = run("predict", "out/model.keras", "blank.png", "good.png", "absent.png", folder=folder, code=1)
    assert done.stdout.startswith("good.png")
    assert "the picture is blank" in done.stderr
    assert "absent.png: no such file or directory" in done.stderr


def test_evaluate_and_summary(digits):
    folder, said = digits
    done = run("evaluate", "out/model.keras", "digits", folder=folder)
    assert done.stdout.splitlines()[-1] == said.splitlines()[-1]
    done = run("summary", "out/model.keras", folder=folder)
    assert "hidden_1 (Dense)" in done.stdout
    assert "digit: one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in done.stdout


def _draw(gray, size, place):
    """A digit on white paper, blown up to 120x120 and put somewhere."""
    page = Image.new("L", size, 255)
    page.paste(Image.fromarray(gray.astype(np.uint8)).resize((120, 120), Image.Resampling.BICUBIC), place)
    return page


@pytest.mark.slow
def test_drawn_digits_of_mnist(tmp_path, monkeypatch):
    """19 of 20 pictures made from the test part by scaling, inverting and shifting are recognised."""
    if not (REAL / "mnist").is_dir():
        pytest.skip("MNIST is not here")
    from chainrule.datasets import mnist

    run("train", "mnist", "--epochs", 4, folder=tmp_path, CHAINRULE_DATA=str(REAL))
    monkeypatch.setenv("CHAINRULE_DATA", str(REAL))
    (_, _), (x, y) = mnist.load_data()
    chosen = [int(np.flatnonzero(y == digit)[number]) for digit in range(10) for number in (0, 1)]
    for number, k in enumerate(chosen):
        large = Image.fromarray(255 - x[k]).resize((280, 280), Image.Resampling.BICUBIC)
        page = Image.new("L", (280, 280), 255)
        page.paste(large, (number - 10, 2 * (number % 9) - 8))
        page.save(tmp_path / f"{number}.png")
    names = [f"{number}.png" for number in range(20)]
    done = run("predict", "--json", "chainrule-output/mnist/model.keras", *names, folder=tmp_path)
    answers = [answer["class"] for answer in json.loads(done.stdout)]
    assert sum(answer == str(y[k]) for answer, k in zip(answers, chosen, strict=True)) >= 19


# The parts.


def test_what_was_asked_for_replaces_the_recipe():
    arguments = cli.parse(["train", "--hidden", "0", "--epochs", "3", "--optimizer", "sgd"])
    recipe = recipes.PICTURES.changed(arguments)
    assert (recipe.hidden, recipe.epochs, recipe.batch_size) == ((), 3, recipes.PICTURES.batch_size)
    assert recipe.learning_rate is None  # SGD's own


def test_photographs_are_mirrored_and_digits_are_not():
    assert "flip" in recipes.for_convolutions(1000, colour=True, fast=False).augment
    assert "flip" not in recipes.for_convolutions(1000, colour=False, fast=False).augment
    asked = cli.parse(["train", "--model", "cnn", "--augment", "0"])
    assert recipes.for_convolutions(1000, colour=True, fast=False).changed(asked).augment == ()


@pytest.mark.parametrize(
    "given",
    [DigitInput(MNIST), DigitInput(DIGITS), ImageInput(4, 5, True, True), ArrayInput((3, 2))],
)
def test_a_card_comes_back_from_json(given):
    card = Card(given, Target("kind", ("a", "b")), Origin("data.npz", "00", None, None, 3))
    assert Card.from_config(json.loads(json.dumps(card.to_config()))) == card


def test_a_table_comes_back_from_json(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "1,x\n2.5,y\n" * 10)
    schema = read_table(tmp_path / "t.csv", "b").schema
    given = TableInput(schema)
    assert input_from_config(json.loads(json.dumps(given.to_config()))) == given


@pytest.mark.parametrize(
    "change",
    [
        {"format": "1"},
        {"format": 99},
        {"input": {"kind": "code", "run": "rm"}},
        {"input": {"kind": "array", "shape": [-1]}},
        {"input": {"kind": "array"}},
        {"input": {"kind": "image", "height": 1 << 40, "width": 2, "grayscale": True, "on_black": False}},
        {"input": {"kind": "table", "schema": {}}},
        {"input": None},
        {"target": {"name": "a", "classes": [1], "mean": 0, "deviation": 1}},
        {"target": {"name": "a", "classes": [], "mean": 0, "deviation": 0}},
        {"target": {"name": "a", "classes": [], "mean": float("nan"), "deviation": 1}},
        {"origin": {}},
    ],
)
def test_a_damaged_card_is_refused(change):
    card = Card(ArrayInput((2,)), Target("y"), Origin("a.npz", "", None, None, 0))
    with pytest.raises(FileFormatError):
        Card.from_config({**card.to_config(), **change})


def test_rows_are_mapped_and_checked(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(6.0))
    assert read_rows(path, (2, 3)).shape == (1, 2, 3)
    np.save(path, np.ones((4, 2, 3)))
    assert read_rows(path, (2, 3)).shape == (4, 2, 3)
    with pytest.raises(DataError, match="another shape"):
        read_rows(path, (7,))
    np.save(path, np.array([[1.0, np.nan]]))
    with pytest.raises(DataError, match="not finite"):
        read_rows(path, (2,))
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(FileFormatError):
        read_rows(path, (1,))
    np.save(path, np.ones(1000))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FileFormatError):
        read_rows(path, (1000,))


def test_names_cannot_command_the_terminal(monkeypatch, capsys):
    assert cli.main(["train", "\x1b[2Jmnist"]) == 1
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(("name", "folder"), [("a b/c", "a-b-c"), ("..", "data"), ("mnist", "mnist"), ("", "data")])
def test_folder_names(name, folder):
    assert output.folder_name(name) == folder


def test_targets_of_arrays():
    read = sources._read_target
    labels, classes, _ = read(np.eye(3)[[2, 0, 1, 1]], None, "")
    assert (labels.tolist(), classes) == ([2, 0, 1, 1], ("0", "1", "2"))
    labels, classes, _ = read(np.array(["b", "a", "b", "a"]), None, "")
    assert (labels.tolist(), classes) == ([1, 0, 1, 0], ("a", "b"))
    assert read(np.arange(40) * 7, None, "")[1] == ()
    assert read(np.array([1.0, 0.0, 1.0, 0.0]), "classification", "")[1] == ("0", "1")
    for wrong in (np.ones(5), np.ones((4, 3)), np.array([1.0, np.nan])):
        with pytest.raises(ChainruleError):
            read(wrong if wrong.ndim == 2 or np.isnan(wrong).any() else wrong.astype(int), None, "")


def test_the_second_ctrl_c_stops_at_once(capsys):
    before = signal.getsignal(signal.SIGINT)
    with stopping_gently() as callback:
        signal.raise_signal(signal.SIGINT)
        assert callback.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert "Ctrl-C again" in capsys.readouterr().err
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_outside_training_is_code_130(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "load", interrupted)
    assert cli.main(["train", "digits"]) == 130
    assert capsys.readouterr().err == "chainrule: interrupted\n"
