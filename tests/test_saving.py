"""Files: exchanged with Keras in both directions, written whole or not at all, and read again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule.errors import ArgumentError, FileFormatError, UnknownNameError
from chainrule.saving import atomic
from golden import cases, structure, write_ours

SAME = 1e-6  # what the predictions of two programs in float32 may differ by, relative to the largest
RESUMED = 1e-5  # the same for weights after five steps of training
FILES = cases.load("files")


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.utils.clear_session()


def small(**arguments: Any) -> Any:
    layers = [keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
    model = keras.Sequential(layers, **arguments)
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def train(model: Any, steps: int = 3) -> None:
    rng = np.random.default_rng(1)
    for _ in range(steps):
        model.train_on_batch(rng.normal(size=(5, 3)).astype("float32"), rng.normal(size=(5, 2)))


class TestFromKeras:
    """Files that Keras 3.15.1 wrote."""

    @pytest.mark.parametrize("ending", [".keras", ".h5"])
    @pytest.mark.parametrize("case", FILES, ids=lambda case: case.id)
    def test_predictions_and_state(self, case: cases.Case, ending: str) -> None:
        model = keras.models.load_model(cases.FILES / (case.id + ending))
        assert cases.gap(cases.flat(model.get_weights()), case.array("saved.weights")) == 0
        assert cases.gap(model.predict(cases.inputs("x"), verbose=0), case.array("predictions")) < SAME
        if case["compile"]:
            assert cases.gap(cases.optimizer_values(model.optimizer), case.array("saved.optimizer")) == 0

    @pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
    @pytest.mark.parametrize("case", [c for c in FILES if c["compile"]], ids=lambda case: case.id)
    def test_training_goes_on(self, case: cases.Case, ending: str) -> None:
        if ending == ".weights.h5":
            model = cases.build_model(keras, case["model"])
            model.compile(**cases.build(keras, case["compile"]))
            model.optimizer.build(model.trainable_variables)
            model.load_weights(cases.FILES / (case.id + ending))
        else:
            model = keras.models.load_model(cases.FILES / (case.id + ending))
        ran = cases.train_on_batches(keras, case, model)
        assert cases.gap(ran["weights"], case.array("resumed.weights")) < RESUMED
        assert cases.gap(ran["optimizer"], case.array("resumed.optimizer")) < RESUMED
        for key, values in case["logs_resumed"].items():
            np.testing.assert_allclose(ran["logs"][key], values, rtol=RESUMED, err_msg=key)

    @pytest.mark.parametrize("case", FILES, ids=lambda case: case.id)
    def test_weights_alone(self, case: cases.Case) -> None:
        for ending in (".weights.h5", ".keras", ".h5"):
            model = cases.build_model(keras, case["model"])
            model.load_weights(cases.FILES / (case.id + ending))
            assert cases.gap(cases.flat(model.get_weights()), case.array("saved.weights")) == 0

    def test_without_its_training(self) -> None:
        assert not keras.models.load_model(cases.FILES / "sequential-adam.keras", compile=False).compiled


def expected_of_ours(theirs: structure.Structure) -> structure.Structure:
    """What our file of the same model consists of: Keras's, our stamp, and the states of generators."""
    expected = dict(theirs)
    if "metadata" in expected:
        expected["metadata"] = sorted([*expected["metadata"], "chainrule_version"])
    elif "backend" in expected["/"]:
        expected["/"] = {**expected["/"], "backend": "chainrule", "chainrule_version": keras.__version__}
        stored, attributes = expected["model_weights"]
        expected["model_weights"] = [stored, {**attributes, "backend": "chainrule"}]
    return expected


class TestForKeras:
    """Files of ours: built as Keras's are, and, as `evidence.json` notes, loaded by Keras."""

    @pytest.mark.parametrize("name", [name for case in FILES for name in case["files"]])
    def test_structure(self, name: str, tmp_path: Path) -> None:
        case = next(case for case in FILES if name in case["files"])
        model, x, labels = write_ours.made(case.id)
        if case["compile"]:
            write_ours.train(model, x, labels)
        path = tmp_path / name
        (model.save_weights if name.endswith(".weights.h5") else model.save)(path)
        ours = json.loads(json.dumps(structure.of_file(path)))
        ours = {key: value for key, value in ours.items() if "/seed_generator" not in key}
        expected = expected_of_ours(structure.of_file(cases.FILES / name))
        assert structure.differences(without_loss_axis(ours), json.loads(json.dumps(expected))) == []

    def test_keras_read_them(self) -> None:
        evidence = json.loads((write_ours.OURS / "evidence.json").read_text())
        assert evidence["keras"] == "3.15.1"
        assert len(evidence["files"]) == 3 * (len(FILES) + 1)
        for name, found in evidence["files"].items():
            data = (write_ours.OURS / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == found["sha256"], f"{name} is not the file that Keras read"
            assert found["weights"] == 0
            assert found["predictions"] < SAME
            assert found.get("resumed", 0) < RESUMED
            assert found.get("resumed.optimizer", 0) < RESUMED
        assert sum("resumed" in found for found in evidence["files"].values()) == 14

    @pytest.mark.parametrize("ending", [".keras", ".h5"])
    @pytest.mark.parametrize("name", write_ours.NAMES)
    def test_files_of_earlier_versions_stay_readable(self, name: str, ending: str) -> None:
        with np.load(write_ours.OURS / "ours.npz") as stored:
            arrays = {key: stored[key] for key in stored.files if key.startswith(f"{name}/")}
        model = keras.models.load_model(write_ours.OURS / (name + ending))
        x = cases.inputs("x")
        predictions = model.predict([x, x[::-1]] if name == "every-layer" else x, verbose=0)
        assert cases.gap(predictions, arrays[f"{name}/predictions"]) < SAME
        if f"{name}/resumed" in arrays:
            write_ours.train(model, x, cases.inputs("labels"))
            assert cases.gap(cases.flat(model.get_weights()), arrays[f"{name}/resumed"]) < RESUMED


def without_loss_axis(found: Any) -> Any:
    """Keras forgets this argument; see test_configs.py."""
    if isinstance(found, list):
        return [without_loss_axis(item) for item in found]
    if not isinstance(found, dict):
        return found
    config = found.get("config")
    if found.get("class_name") == "SparseCategoricalCrossentropy" and "axis" in config:
        return {**found, "config": {key: value for key, value in config.items() if key != "axis"}}
    return {key: without_loss_axis(item) for key, item in found.items()}


class TestRoundTrip:
    @pytest.mark.parametrize("ending", [".keras", ".h5"])
    def test_training_goes_on_bit_for_bit(self, ending: str, tmp_path: Path) -> None:
        model = small()
        train(model)
        model.save(tmp_path / f"model{ending}")
        again = keras.models.load_model(tmp_path / f"model{ending}")
        if ending == ".h5":  # this format has no place for the states of generators
            for ours, theirs in zip(model.layers, again.layers, strict=True):
                for a, b in zip(ours._seed_generators, theirs._seed_generators, strict=True):
                    b.state.assign(a.state)
        train(model)
        train(again)
        for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
            assert (a == b).all()
        assert [v.path for v in again.optimizer.variables] == [v.path for v in model.optimizer.variables]

    def test_user_class(self, tmp_path: Path) -> None:
        @keras.saving.register_keras_serializable(package="Test")
        class Scale(keras.Layer):
            def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.factor = factor
                self.inside = keras.layers.Dense(2)
                self.more = [keras.layers.Dense(2), keras.layers.Dense(3)]

            def build(self, input_shape: Any) -> None:
                self.shift = self.add_weight((input_shape[-1],), name="shift")

            def call(self, inputs: Any) -> Any:
                return self.more[1](self.more[0](self.inside(inputs * self.factor + self.shift)))

        model = keras.Sequential([keras.Input((3,)), Scale(0.5)])
        x = np.ones((2, 3), "float32")
        for path in (tmp_path / "model.keras", tmp_path / "model.h5"):
            model.save(path)
            again = keras.models.load_model(path)
            assert again.layers[0].factor == 0.5
            np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
        groups = structure.of_file(tmp_path / "model.keras")
        assert {"layers/scale/vars/0", "layers/scale/inside/vars/1", "layers/scale/more/dense_1/vars/0"} <= set(groups)

    def test_user_model(self, tmp_path: Path) -> None:
        @keras.saving.register_keras_serializable(package="Test")
        class Net(keras.Model):
            def __init__(self, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self._first = keras.layers.Dense(3)
                self.blocks = [keras.layers.Dense(4, "relu"), keras.layers.Dense(2)]

            def call(self, inputs: Any) -> Any:
                return self.blocks[1](self.blocks[0](self._first(inputs)))

        model, x = Net(), np.ones((2, 3), "float32")
        expected = np.asarray(model(x))
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(np.asarray(again(x)), expected)

    def test_class_nobody_registered(self, tmp_path: Path) -> None:
        class Unknown(keras.Layer):
            def call(self, inputs: Any) -> Any:
                return inputs * 2.0

        keras.Sequential([keras.Input((3,)), Unknown()]).save(tmp_path / "model.keras")
        with pytest.raises(UnknownNameError, match="Unknown") as caught:
            keras.models.load_model(tmp_path / "model.keras")
        assert "register_keras_serializable" in str(caught.value)
        assert "custom_objects" in str(caught.value)
        keras.models.load_model(tmp_path / "model.keras", custom_objects={"Unknown": Unknown})
        with keras.saving.custom_object_scope({"Unknown": Unknown}):
            keras.models.load_model(tmp_path / "model.keras")

    def test_extra(self, tmp_path: Path) -> None:
        extra = {"classes": ["è", "b"], "picture": {"size": [28, 28], "ink": 0.5, "dark": None}}
        keras.saving.save_model(small(), tmp_path / "model.keras", extra=extra)
        assert keras.saving.load_extra(tmp_path / "model.keras") == extra
        small().save(tmp_path / "none.keras")
        assert keras.saving.load_extra(tmp_path / "none.keras") is None
        for wrong in ({"x": np.zeros(2)}, {"x": float("nan")}, {"x": {1, 2}}):
            with pytest.raises(ArgumentError, match="JSON"):
                keras.saving.save_model(small(), tmp_path / "model.keras", extra=wrong)
        assert keras.saving.load_extra(tmp_path / "model.keras") == extra

    def test_extra_of_a_later_version(self, tmp_path: Path) -> None:
        path = tmp_path / "model.keras"
        small().save(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("chainrule.json", '{"format": 2, "chainrule_version": "9.0", "extra": {}}')
        with pytest.raises(FileFormatError, match=r"9\.0"):
            keras.saving.load_extra(path)

    def test_json(self) -> None:
        model = small()
        again = keras.models.model_from_json(model.to_json())
        assert again.get_config() == model.get_config()
        with pytest.raises(FileFormatError):
            keras.models.model_from_json("[1, 2")

    def test_unbuilt_model(self, tmp_path: Path) -> None:
        keras.Sequential([keras.layers.Dense(2)]).save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert again.predict(np.ones((1, 3), "float32"), verbose=0).shape == (1, 2)
        assert np.abs(again.layers[0].kernel.value).max() > 0  # begins as its initializer says

    def test_without_optimizer(self, tmp_path: Path) -> None:
        model = small()
        train(model)
        for name in ("model.keras", "model.h5"):
            keras.saving.save_model(model, tmp_path / name, include_optimizer=False)
            again = keras.models.load_model(tmp_path / name)
            assert not again.compiled
            assert not any("optimizer" in key for key in structure.of_file(tmp_path / name))


class TestWeights:
    def test_other_model(self, tmp_path: Path) -> None:
        model = small()
        model.save_weights(tmp_path / "a.weights.h5")
        other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), keras.layers.Dense(2)])
        before = other.get_weights()
        with pytest.raises(FileFormatError, match="layers/dense/vars/0") as caught:
            other.load_weights(tmp_path / "a.weights.h5")
        assert "(3, 5)" in str(caught.value)
        assert "(3, 4)" in str(caught.value)
        for a, b in zip(before, other.get_weights(), strict=True):
            assert (a == b).all()

    def test_too_few_layers(self, tmp_path: Path) -> None:
        small().save_weights(tmp_path / "a.weights.h5")
        with pytest.raises(FileFormatError, match="dense_1"):
            keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).load_weights(tmp_path / "a.weights.h5")

    def test_skip_mismatch(self, tmp_path: Path) -> None:
        model = small()
        model.save_weights(tmp_path / "a.weights.h5")
        other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(7)])
        with pytest.warns(UserWarning, match="dense_"):
            other.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
        assert (other.get_weights()[0] == model.get_weights()[0]).all()

    def test_other_optimizer(self, tmp_path: Path) -> None:
        model = small()
        train(model)
        model.save_weights(tmp_path / "a.weights.h5")
        other = small()
        other.compile("sgd", "mse")
        other.optimizer.build(other.trainable_variables)
        with pytest.warns(UserWarning, match="sgd"):
            other.load_weights(tmp_path / "a.weights.h5")
        assert (other.get_weights()[0] == model.get_weights()[0]).all()

    def test_model_without_weights_yet(self, tmp_path: Path) -> None:
        small().save_weights(tmp_path / "a.weights.h5")
        with pytest.raises(FileFormatError, match="build"):
            keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)]).load_weights(tmp_path / "a.weights.h5")

    def test_older_format_by_order(self, tmp_path: Path) -> None:
        model = small()
        model.save(tmp_path / "a.h5")
        other = small()  # its layers are called dense_2 and dense_3
        other.load_weights(tmp_path / "a.h5")
        assert (other.get_weights()[2] == model.get_weights()[2]).all()


class TestArguments:
    def test_ending(self, tmp_path: Path) -> None:
        model = small()
        for name in ("model", "model.txt", "model.pb"):
            with pytest.raises(ArgumentError, match=r"\.keras"):
                model.save(tmp_path / name)
            with pytest.raises(ArgumentError, match=r"\.keras"):
                keras.models.load_model(tmp_path / name)
        with pytest.raises(ArgumentError, match="save_weights"):
            model.save(tmp_path / "model.weights.h5")
        with pytest.raises(ArgumentError, match=r"\.weights\.h5"):
            model.save_weights(tmp_path / "model.h5")
        with pytest.raises(ArgumentError, match="load_weights"):
            keras.models.load_model(tmp_path / "model.weights.h5")

    def test_overwrite(self, tmp_path: Path) -> None:
        path = tmp_path / "model.keras"
        path.write_bytes(b"mine")
        with pytest.raises(ArgumentError, match="overwrite"):
            small().save(path, overwrite=False)
        assert path.read_bytes() == b"mine"
        small().save(path)
        keras.models.load_model(path)

    def test_folders(self, tmp_path: Path) -> None:
        with pytest.raises(ArgumentError, match="mkdir"):
            small().save(tmp_path / "no" / "model.keras")
        (tmp_path / "model.keras").mkdir()
        with pytest.raises(ArgumentError, match="folder"):
            small().save(tmp_path / "model.keras")

    def test_unknown(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownNameError, match="include_optimizer"):
            keras.saving.save_model(small(), tmp_path / "model.keras", include_optimiser=True)
        with pytest.raises(ArgumentError, match="one file"):
            small().save(tmp_path / "model.keras", zipped=False)

    def test_unsafe(self, tmp_path: Path) -> None:
        with pytest.raises(ArgumentError, match="never executed"):
            keras.models.load_model(tmp_path / "model.keras", safe_mode=False)


class TestAtomic:
    """The old file is whole, or the new one is, and nothing else is left."""

    def check(self, folder: Path, old: bytes) -> None:
        assert [p.name for p in folder.iterdir()] == ["model.keras"]
        assert (folder / "model.keras").read_bytes() == old

    @pytest.mark.parametrize("fails", ["fsync", "replace"])
    def test_failure(self, fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "model.keras"
        small().save(path)
        old = path.read_bytes()

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(atomic.os, fails, full)
        with pytest.raises(OSError, match="No space"):
            small().save(path)
        monkeypatch.undo()
        self.check(tmp_path, old)

    def test_what_cannot_be_saved(self, tmp_path: Path) -> None:
        path = tmp_path / "model.keras"
        small().save(path)
        old = path.read_bytes()
        model = small()
        model.compile("sgd", lambda y_true, y_pred: keras.ops.sum(y_pred))
        with pytest.raises(ArgumentError, match="lambda"):
            model.save(path)
        self.check(tmp_path, old)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
    @pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5"])
    def test_full_disk(self, name: str, tmp_path: Path) -> None:
        """No file may grow beyond 20 kB, so that writing fails in the middle."""
        (tmp_path / name).write_bytes(b"old")
        script = f"""
            import resource, signal
            import chainrule as keras
            model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(500)])
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            try:
                (model.save_weights if "weights" in {name!r} else model.save)({str(tmp_path / name)!r})
            except OSError as error:
                print("failed:", error)
        """
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120, check=False
        )
        assert "failed:" in run.stdout, run.stdout + run.stderr
        assert [p.name for p in tmp_path.iterdir()] == [name]
        assert (tmp_path / name).read_bytes() == b"old"

    @pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
    def test_link_and_permissions_stay(self, tmp_path: Path) -> None:
        real, link = tmp_path / "real.keras", tmp_path / "link.keras"
        real.write_bytes(b"old")
        real.chmod(0o640)
        link.symlink_to(real)
        small().save(link)
        assert link.is_symlink()
        assert real.stat().st_mode & 0o777 == 0o640
        keras.models.load_model(real)
        small().save(tmp_path / "new.keras")
        mask = os.umask(0)
        os.umask(mask)
        assert (tmp_path / "new.keras").stat().st_mode & 0o777 == 0o666 & ~mask


def test_h5py_comes_on_use() -> None:
    code = "import sys, chainrule, chainrule.saving; print('h5py' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
