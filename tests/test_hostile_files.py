"""Files that want to harm: each is made here, loaded, and refused in words, with nothing run and little used.

The names A1 to A30 are those of attacks that were seen on other loaders; docs/decisions/0006-files.md lists them.
"""

from __future__ import annotations

import copy
import io
import json
import re
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import chainrule as keras
from chainrule.errors import ArgumentError, ChainruleError, FileFormatError, UnknownNameError
from chainrule.saving import hdf5, strict_json

SECONDS = 20.0  # far above what a refusal takes on a slow machine, far below what an attack would
MEGABYTES = 64
REFUSED = (FileFormatError, UnknownNameError)


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """No test of this file may use much time or memory."""
    keras.utils.clear_session()
    start = time.monotonic()
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEGABYTES << 20, f"{peak >> 20} MB"
    assert time.monotonic() - start < SECONDS


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that hostile code would make in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "code of the file was executed"


def model() -> Any:
    made = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2, name="dense")], name="model")
    made.compile("adam", "mse")
    return made


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    path = tmp_path / "honest.keras"
    model().save(path)
    return path


def with_config(honest: Path, change: Callable[[Any], Any]) -> Path:
    """The honest file with another config."""
    members = parts(honest)
    config = json.loads(members["config.json"])
    config = change(config) or config
    return pack(honest.with_name("hostile.keras"), {**members, "config.json": json.dumps(config).encode()})


def with_layer(honest: Path, layer: Any) -> Path:
    return with_config(honest, lambda config: config["config"]["layers"].insert(1, layer))


def legacy_with_layer(path: Path, layer: Any) -> Path:
    model().save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"].insert(1, layer)
        file.attrs["model_config"] = json.dumps(config)
    return unsealed(path)


def unsealed(path: Path) -> Path:
    """The file as another program would have written it, without our checksum."""
    copied = path.with_name("copied.h5")
    with h5py.File(path, "r") as source, h5py.File(copied, "w") as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)
    copied.replace(path)
    return path


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {
        "name": "lambda",
        "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAA", "defaults": None, "closure": None}},
    },
}
SYSTEM = {"module": "os", "class_name": "system", "config": {"command": "touch canary"}}


class TestCode:
    """A1 to A7: whatever would run something."""

    @pytest.mark.parametrize(
        "layer",
        [
            LAMBDA,
            LAMBDA["config"]["function"],
            {**LAMBDA, "module": None, "registered_name": "Lambda"},
            {"class_name": "__lambda__", "config": {"value": ["def"]}},
            {"class_name": "__bytes__", "config": {"value": "gASV"}},
            {"class_name": "__typespec__", "config": {"spec_name": "x", "spec": []}},
        ],
    )
    def test_a1_bytecode(self, layer: Any, honest: Path, canary: Path) -> None:
        for argument in ({}, {"compile": False}):
            with pytest.raises(REFUSED):
                keras.models.load_model(with_layer(honest, layer), **argument)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("os", "system"),
            ("builtins", "exec"),
            ("builtins", "eval"),
            ("subprocess", "Popen"),
            ("chainrule.saving.models", "load_model"),
            ("chainrule.layers.base", "inspect"),
            ("keras.layers", "base.inspect"),
            ("keras.layers.core", "__builtins__"),
            ("", "os.system"),
        ],
    )
    def test_a2_modules(self, module: str, name: str, honest: Path, canary: Path) -> None:
        hostile = {"module": module, "class_name": name, "config": {"args": ["touch canary"]}, "registered_name": name}
        for path in (with_layer(honest, hostile), with_config(honest, lambda _: hostile)):
            with pytest.raises(UnknownNameError):
                keras.models.load_model(path)

    @pytest.mark.parametrize("name", ["get_file", "load_model", "set_random_seed", "model_from_json", "deserialize"])
    @pytest.mark.parametrize("module", ["keras.utils", "keras.saving", "keras.models", "keras"])
    def test_a3_functions_of_the_library(self, module: str, name: str, honest: Path, canary: Path) -> None:
        layer = {"module": module, "class_name": name, "config": {"fname": "canary", "origin": "http://x.invalid"}}
        with pytest.raises(UnknownNameError):
            keras.models.load_model(with_layer(honest, layer))
        activation = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}

        def change(config: Any) -> None:
            config["config"]["layers"][1]["config"]["activation"] = activation

        with pytest.raises(REFUSED):
            keras.models.load_model(with_config(honest, change))

    def test_a4_turning_safety_off(self, honest: Path, canary: Path) -> None:
        layer = {"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}}
        path = with_config(honest, lambda config: config["config"]["layers"].extend([layer, LAMBDA]))
        with pytest.raises(UnknownNameError):
            keras.models.load_model(path)
        with pytest.raises(ArgumentError, match="never executed"):
            keras.models.load_model(path, safe_mode=False)
        assert not hasattr(keras.config, "enable_unsafe_deserialization")

    @pytest.mark.parametrize("layer", [LAMBDA, SYSTEM, {**LAMBDA, "module": None}])
    def test_a5_older_format(self, layer: Any, tmp_path: Path, canary: Path) -> None:
        with pytest.raises(REFUSED):
            keras.models.load_model(legacy_with_layer(tmp_path / "hostile.h5", layer))

    @pytest.mark.parametrize("entry", [LAMBDA, SYSTEM])
    def test_a6_outside_the_loader(self, entry: Any, canary: Path) -> None:
        config = {"name": "model", "layers": [entry]}
        whole = {"module": "keras", "class_name": "Sequential", "config": config}
        for load in (
            lambda: keras.Sequential.from_config(config),
            lambda: keras.layers.deserialize(entry),
            lambda: keras.saving.deserialize_keras_object(entry),
            lambda: keras.models.model_from_json(json.dumps(whole)),
            lambda: keras.layers.Dense.from_config({"units": 1, "kernel_initializer": entry}),
            lambda: keras.losses.deserialize(entry),
            lambda: keras.optimizers.deserialize(entry),
        ):
            with pytest.raises(REFUSED):
                load()

    def test_a7_pickles(self, honest: Path, canary: Path) -> None:
        torch = {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "gASV"}}
        with pytest.raises(UnknownNameError):
            keras.models.load_model(with_layer(honest, torch))
        pickled = b"cos\nsystem\n(S'touch canary'\ntR."
        for name in ("model.keras", "model.h5"):
            honest.with_name(name).write_bytes(pickled)
            with pytest.raises(FileFormatError):
                keras.models.load_model(honest.with_name(name))

    def test_a7_no_unpickler_in_the_source(self) -> None:
        forbidden = re.compile(
            r"\b(pickle|cPickle|marshal|dill|cloudpickle|joblib|yaml|shelve|importlib\.import_module)\b"
            r"|(?<![.\w])(eval|exec|compile|__import__)\((?!self)|allow_pickle\s*=\s*True|\bjson\.load\("
        )
        source = Path(keras.__file__).parent
        found = [
            f"{path.relative_to(source)}:{number}: {line.strip()}"
            for folder in ("saving", "models", "layers", "data", "datasets", "optimizers", "losses", "metrics")
            for path in sorted((source / folder).rglob("*.py"))
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if forbidden.search(line.split("#")[0]) and "`" not in line
        ]
        assert found == []

    def test_a22_object_arrays(self, honest: Path) -> None:
        array = {"class_name": "__numpy__", "config": {"value": ["x"], "dtype": "object"}}

        def change(config: Any) -> None:
            config["config"]["layers"][1]["config"]["kernel_initializer"] = array

        with pytest.raises(FileFormatError, match="object"):
            keras.models.load_model(with_config(honest, change))


def weights_file(path: Path, change: Callable[[Any], None]) -> Path:
    """A file of weights that another program changed."""
    model().save_weights(path)
    unsealed(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def swap(file: Any, make: Callable[[Any], Any]) -> None:
    del file["layers/dense/vars/0"]
    made = make(file["layers/dense/vars"])
    if made is not None:
        file["layers/dense/vars/0"] = made


class TestHDF5:
    """A10 to A13 and A29: what HDF5 can point to, and pretend to hold."""

    def refuse(self, path: Path, problem: str = "kind|not the one|damaged") -> None:
        victim = model()
        before = victim.get_weights()
        with pytest.raises(FileFormatError, match=problem):
            victim.load_weights(path)
        for a, b in zip(before, victim.get_weights(), strict=True):
            assert (a == b).all()

    @pytest.mark.parametrize("place", ["layers", "layers/dense", "layers/dense/vars", "layers/dense/vars/0", "vars"])
    def test_a10_links(self, place: str, tmp_path: Path) -> None:
        other = tmp_path / "secret.weights.h5"
        model().save_weights(other)
        for link in (h5py.ExternalLink(str(other), f"/{place}"), h5py.SoftLink("/elsewhere")):

            def change(file: Any, link: Any = link) -> None:
                file.move(place, "elsewhere")
                file[place] = link

            self.refuse(weights_file(tmp_path / "a.weights.h5", change), "link")

    def test_a10_circle(self, tmp_path: Path) -> None:
        def change(file: Any) -> None:
            del file["layers/dense/vars/0"]
            file["layers/dense/vars/0"] = file["layers"]

        self.refuse(weights_file(tmp_path / "a.weights.h5", change), "not a dataset")

    def test_a11_numbers_of_another_file(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(b"x" * 24)

        def change(file: Any) -> None:
            swap(file, lambda g: g.create_dataset("0", (3, 2), "<f4", external=[(str(secret), 0, 24)]) and None)

        self.refuse(weights_file(tmp_path / "a.weights.h5", change), "not stored plainly")

    def test_a12_virtual(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "secret.h5", "w") as file:
            file["data"] = np.ones((3, 2), "<f4")

        def change(file: Any) -> None:
            layout = h5py.VirtualLayout((3, 2), "<f4")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "data", shape=(3, 2))
            swap(file, lambda g: g.create_virtual_dataset("0", layout) and None)

        self.refuse(weights_file(tmp_path / "a.weights.h5", change), "not stored plainly")

    @pytest.mark.parametrize("shape", [(10**6, 10**6), (3, 3), (6,), (), (0, 2)])
    def test_a13_shapes(self, shape: tuple[int, ...], tmp_path: Path) -> None:
        path = weights_file(
            tmp_path / "a.weights.h5", lambda file: swap(file, lambda g: g.create_dataset("0", shape, "<f4") and None)
        )
        self.refuse(path, r"\(3, 2\)")

    def test_a13_less_than_it_says(self, tmp_path: Path) -> None:
        path = weights_file(  # never written, so that HDF5 would fill in zeros
            tmp_path / "a.weights.h5", lambda file: swap(file, lambda g: g.create_dataset("0", (3, 2), "<f4") and None)
        )
        self.refuse(path, "holds less")

    def test_a13_compressed(self, tmp_path: Path) -> None:
        def change(file: Any) -> None:
            swap(file, lambda g: g.create_dataset("0", data=np.ones((3, 2), "<f4"), compression="gzip") and None)

        self.refuse(weights_file(tmp_path / "a.weights.h5", change), "compressed")

    @pytest.mark.parametrize(
        "array",
        [
            np.zeros((3, 2), ">f4"),
            np.zeros((3, 2), "<f2"),
            np.zeros((3, 2), "<c8"),
            np.zeros((3, 2), "<i4"),
            np.zeros((3, 2), "S4"),
            np.zeros((3, 2), [("a", "<f4")]),
            np.zeros((3, 2), bool),
        ],
        ids=lambda array: array.dtype.str,
    )
    def test_a29_other_numbers(self, array: Any, tmp_path: Path) -> None:
        path = weights_file(tmp_path / "a.weights.h5", lambda file: swap(file, lambda g: array))
        self.refuse(path)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a29_not_finite(self, value: float, tmp_path: Path) -> None:
        broken = model()
        broken.layers[0].set_weights([np.full((3, 2), value), np.zeros(2)])
        for name in ("a.weights.h5", "a.keras", "a.h5"):
            (broken.save_weights if "weights" in name else broken.save)(tmp_path / name)
            self.refuse(tmp_path / name, "NaN or infinite")
        with pytest.raises(FileFormatError, match=r"dense/kernel"):
            keras.models.load_model(tmp_path / "a.keras")
        assert keras.models.load_model(tmp_path / "a.keras", check_finite=False).built

    def test_lists_that_repeat_one_long_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a.h5"
        model().save(path)
        unsealed(path)
        with h5py.File(path, "r+") as file:
            group = file["model_weights"]["dense"]
            group.attrs.create("weight_names", ["x" * 10**6] * 2, dtype=h5py.string_dtype())
            group.parent.attrs.create("layer_names", np.array([b"y" * 100] * 500), dtype="S100")
        with pytest.raises(FileFormatError):
            model().load_weights(path, max_bytes=10**6)

    def test_texts_that_are_none(self, tmp_path: Path) -> None:
        path = tmp_path / "a.h5"
        model().save(path)
        unsealed(path)
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = b'{"class_name": "\xff"}'
        with pytest.raises(FileFormatError, match="damaged"):
            keras.models.load_model(path)

    def test_one_reader(self) -> None:
        """Only hdf5.py opens such files, so that its checks cannot be passed by."""
        folder = Path(hdf5.__file__).parent
        opened = [p.name for p in folder.glob("*.py") if re.search(r"h5py\.File\b", p.read_text(encoding="utf-8"))]
        assert opened == ["hdf5.py"]


class TestArchive:
    """A15 and A16: archives that grow, or name what is elsewhere."""

    def refuse(self, path: Path, problem: str) -> None:
        folder = sorted(path.parent.iterdir())
        for load in (keras.models.load_model, keras.saving.load_extra, model().load_weights):
            with pytest.raises(FileFormatError, match=problem):
                load(path)
        assert sorted(path.parent.iterdir()) == folder  # nothing was unpacked

    def test_a15_bomb(self, honest: Path) -> None:
        members = {**parts(honest), "config.json": b" " * (20 << 20)}
        path = pack(honest.with_name("bomb.keras"), members, zipfile.ZIP_DEFLATED)
        assert path.stat().st_size < 1 << 20
        self.refuse(path, "compressed")

    def test_a15_size_that_lies(self, honest: Path) -> None:
        data = bytearray(honest.read_bytes())
        entry = data.index(b"PK\x01\x02")
        struct.pack_into("<L", data, entry + 24, 1 << 30)
        honest.write_bytes(data)
        self.refuse(honest, "too large|damaged")

    def test_a15_size_that_lies_beyond_the_end(self, honest: Path) -> None:
        data = bytearray(honest.read_bytes())
        entry = data.rindex(b"PK\x01\x02")
        struct.pack_into("<LL", data, entry + 20, 1 << 30, 1 << 30)
        honest.write_bytes(data)
        self.refuse(honest, "longer than the file")

    def test_a15_long_config(self, honest: Path) -> None:
        self.refuse(pack(honest, {**parts(honest), "config.json": b" " * (strict_json.MAX_BYTES + 1)}), "too large")

    def test_a15_many_members(self, honest: Path) -> None:
        many = {f"{number:06}": b"" for number in range(5000)}
        self.refuse(pack(honest, {**parts(honest), **many}), "too many members")

    @pytest.mark.parametrize(
        "name",
        [
            "../evil",
            "/etc/evil",
            "..\\evil",
            "C:\\evil",
            "assets/x",
            "CONFIG.JSON",
            "config.json\0",
            "./config.json",
            "",
        ],
    )
    def test_a16_names(self, name: str, honest: Path) -> None:
        placeholder = "n" * max(1, len(name))
        path = pack(honest.with_name("hostile.keras"), {**parts(honest), placeholder: b"x"})
        path.write_bytes(path.read_bytes().replace(placeholder.encode(), name.encode().ljust(len(placeholder), b"\0")))
        self.refuse(path, "no model file has")

    def test_a16_two_of_one_name(self, honest: Path) -> None:
        with zipfile.ZipFile(honest, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("config.json", "{}")
        self.refuse(honest, "two members")

    def test_lacking(self, honest: Path) -> None:
        members = parts(honest)
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            path = pack(honest.with_name("a.keras"), {k: v for k, v in members.items() if k != name})
            with pytest.raises(FileFormatError, match=re.escape(name)):
                keras.models.load_model(path)

    def test_something_before_and_behind(self, honest: Path) -> None:
        data = honest.read_bytes()
        honest.write_bytes(b"\x89PNG\r\n" + data)
        self.refuse(honest, "no archive")
        honest.write_bytes(data + b"more")
        self.refuse(honest, "end of the archive")


class TestJSON:
    """A26: documents that readers choke on, or understand differently."""

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 10**6,
            "[" * 65 + "]" * 65,
            '{"a":' * 100 + "1" + "}" * 100,
            "[" + "[]," * 10**6 + "[]]",
            "[NaN]",
            "[Infinity]",
            "[-Infinity]",
            "[1e999]",
            "[-1e999]",
            "1" + "0" * 5000,
            "[18446744073709551616]",
            '{"a": 1, "a": 2}',
            '["\\ud800"]',
            '["\\udc00\\ud800"]',
            '{"\\ud800": 1}',
            "{'a': 1}",
            "[1,]",
            "[1] [2]",
            "",
            "\ufeff{}",
            '["\x00"]',
            '"',
        ],
        ids=lambda text: repr(text[:20]),
    )
    def test_a26_refused(self, text: str) -> None:
        with pytest.raises(FileFormatError):
            strict_json.loads(text.encode(), "document")

    def test_a26_not_utf8(self) -> None:
        for data in (b'"\xff"', b'"\xed\xa0\x80"', '{"a": 1}'.encode("utf-16")):
            with pytest.raises(FileFormatError):
                strict_json.loads(data, "document")

    def test_what_is_read(self) -> None:
        value = {"a": [1, -2.5, None, True, "é\n[{"], "b": {}, "c": 2**62, "d": "\U0001f600"}
        assert strict_json.loads(json.dumps(value).encode(), "document") == value
        deep: Any = 1
        for _ in range(64):
            deep = [deep]
        assert strict_json.loads(json.dumps(deep).encode(), "document") == deep

    @pytest.mark.parametrize("member", ["metadata.json", "config.json"])
    @pytest.mark.parametrize("text", ["[" * 10**5, "null", "[]", "3", '"x"', "{}", '{"class_name": 3, "config": {}}'])
    def test_a26_in_a_file(self, member: str, text: str, honest: Path) -> None:
        path = pack(honest, {**parts(honest), member: text.encode()})
        with pytest.raises(FileFormatError):
            keras.models.load_model(path)


def dense(units: Any, **config: Any) -> Any:
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": units, **config}}


def functional(layers: list[Any], name: str = "f") -> Any:
    """A functional model that calls each of its layers, with 10 calls for each but the first."""
    entries, last = [], None
    for number, layer in enumerate(layers):
        own = {**copy.deepcopy(layer), "name": f"n{number}"}
        own["config"]["name"] = f"n{number}"
        nodes, source = [], last
        for call in range(10 if number else 0):
            history = source if call == 0 else [f"n{number}", call - 1, 0]
            tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 3], "keras_history": history}}
            nodes.append({"args": [tensor], "kwargs": {}})
        own["inbound_nodes"] = nodes
        last = [f"n{number}", max(0, len(nodes) - 1), 0]
        entries.append(own)
    config = {"name": name, "layers": entries, "input_layers": ["n0", 0, 0], "output_layers": last}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


INPUT = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 3]}}


class TestBudget:
    """A27 and A28: valid descriptions of what nobody can build, and names that are more than names."""

    @pytest.mark.parametrize(
        "layers",
        [
            [dense(10**9)],
            [dense(2**62)],
            [dense(10**5), dense(10**5)],
            [dense(1000)] * 200,
            [{"module": "keras.layers", "class_name": "RepeatVector", "config": {"n": 10**9}}, dense(1000),
             {"module": "keras.layers", "class_name": "Flatten", "config": {}}, dense(10**6)],
        ],
    )  # fmt: skip
    def test_a27_weights(self, layers: list[Any], honest: Path) -> None:
        def change(config: Any) -> None:
            config["config"]["layers"] = [INPUT, *layers]

        with pytest.raises(FileFormatError, match=r"more memory|cannot be followed"):
            keras.models.load_model(with_config(honest, change), max_bytes=32 << 20)

    def test_a27_input(self, honest: Path) -> None:
        def change(config: Any) -> None:
            image = {**INPUT, "config": {"batch_shape": [None, 10**5, 10**5]}}
            flat = {"module": "keras.layers", "class_name": "Flatten", "config": {}}
            config["config"]["layers"] = [image, flat, dense(1)]

        with pytest.raises(FileFormatError, match="max_bytes"):
            keras.models.load_model(with_config(honest, change))

    def test_a27_the_user_says_how_much(self, honest: Path) -> None:
        with pytest.raises(FileFormatError, match="at most 31 bytes"):
            keras.models.load_model(honest, max_bytes=31)
        assert keras.models.load_model(honest, max_bytes=32).count_params() == 8

    def test_a27_weights_that_are_not_there(self, honest: Path) -> None:
        def change(config: Any) -> None:
            config["config"]["layers"] = [INPUT, dense(2 * 10**6)]  # 32 MB, within the budget

        with pytest.raises(FileFormatError, match="too short"):
            keras.models.load_model(with_config(honest, change))

    def test_a27_layers(self, honest: Path) -> None:
        def change(config: Any) -> None:
            config["config"]["layers"] = [{"class_name": "Flatten", "config": {}}] * 10_000

        with pytest.raises(FileFormatError, match="too many"):
            keras.models.load_model(with_config(honest, change))

    def test_a27_models_in_models(self, honest: Path) -> None:
        nested = dense(3)
        for _ in range(8):  # each calls the one inside ten times: 10^8 calls
            nested = functional([INPUT, nested])
        with pytest.raises(FileFormatError, match="called too often"):
            keras.models.load_model(with_config(honest, lambda _: nested))

    def test_a27_deep_models(self, honest: Path) -> None:
        nested = dense(3)
        for _ in range(40):
            nested = {"module": "keras", "class_name": "Sequential", "config": {"layers": [nested]}}
        with pytest.raises(FileFormatError, match="deep"):
            keras.models.load_model(with_config(honest, lambda _: nested))

    def test_a27_calls_in_the_worst_order(self, honest: Path) -> None:
        chain = functional([INPUT, *[{"module": "keras.layers", "class_name": "ReLU", "config": {}}] * 60])
        chain["config"]["layers"].reverse()
        path = with_config(honest, lambda _: chain)
        members = parts(path)
        weights = io.BytesIO()
        with h5py.File(weights, "w"):
            pass
        assert (
            len(keras.models.load_model(pack(path, {**members, "model.weights.h5": weights.getvalue()})).layers) == 61
        )

    def test_a27_calls_in_a_circle(self, honest: Path) -> None:
        chain = functional([INPUT, *[{"module": "keras.layers", "class_name": "ReLU", "config": {}}] * 2])
        layers = chain["config"]["layers"]
        layers[1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["n2", 0, 0]
        with pytest.raises(FileFormatError, match="circle"):
            keras.models.load_model(with_config(honest, lambda _: chain))

    @pytest.mark.parametrize(
        "name", ["a/b", "../x", "a\\b", "\x1b[2J", "<script>", "a\nb", "a\0b", "x" * 1000, "\u202e", "'", "&amp;"]
    )
    def test_a28_names(self, name: str, honest: Path) -> None:
        def change(config: Any) -> None:
            config["config"]["layers"][1]["config"]["name"] = name

        with pytest.raises(FileFormatError, match="not a name") as caught:
            keras.models.load_model(with_config(honest, change))
        assert str(caught.value).replace("\n", "").isprintable()

    @pytest.mark.parametrize(
        "config",
        [
            {"units": "3"}, {"units": -1}, {"units": None}, {"units": [3]}, {"units": 1e9}, {},
            {"units": 3, "activation": 5}, {"units": 3, "kernel_initializer": "nobody"},
            {"units": 3, "dtype": "object"}, {"units": 3, "no_such": 1},
            {"units": 3, "kernel_initializer": dense(3)}, {"units": 3, "activation": {"class_name": [], "config": {}}},
            {"units": 3, "name": 3}, {"units": 3, "trainable": {}},
        ],
    )  # fmt: skip
    def test_wrong_configs(self, config: Any, honest: Path) -> None:
        path = with_layer(honest, {"module": "keras.layers", "class_name": "Dense", "config": config})
        with pytest.raises(ChainruleError):
            keras.models.load_model(path)

    @pytest.mark.parametrize(
        "entry", [{}, {"units": 3}, [], "adam2", {"optimizer": {"class_name": "os", "config": {}}}]
    )
    def test_wrong_training(self, entry: Any, honest: Path) -> None:
        def change(config: Any) -> None:
            config["compile_config"]["optimizer"] = entry

        path = with_config(honest, change)
        with pytest.raises(ChainruleError) as caught:
            keras.models.load_model(path)
        assert isinstance(caught.value, REFUSED)
        assert keras.models.load_model(path, compile=False).built


class TestDamage:
    """A30: what happens to files on the way."""

    @pytest.fixture(params=["a.keras", "a.h5", "a.weights.h5"])
    def file(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / str(request.param)
        (model().save_weights if "weights" in path.name else model().save)(path)
        return path

    def load(self, path: Path) -> list[Any]:
        if "weights" not in path.name:
            return list(keras.models.load_model(path).get_weights())
        made = model()
        made.load_weights(path)
        return list(made.get_weights())

    def test_a30_flipped_bits(self, file: Path) -> None:
        """Refused, or without an effect: never a crash, never other weights."""
        data, weights = file.read_bytes(), self.load(file)
        rng = np.random.default_rng(0)
        refused = 0
        for place in rng.integers(0, len(data), 150):
            changed = bytearray(data)
            changed[place] ^= 1 << rng.integers(8)
            file.write_bytes(changed)
            try:
                found = self.load(file)
            except ChainruleError:
                refused += 1
            else:
                assert all((a == b).all() for a, b in zip(found, weights, strict=True)), place
        assert refused > 100

    def test_a30_cut_short(self, file: Path) -> None:
        data = file.read_bytes()
        for length in {0, 1, 3, 4, 8, 21, 22, 100, 511, 512, 513, *range(600, len(data), 997), len(data) - 1}:
            file.write_bytes(data[:length])
            with pytest.raises(FileFormatError):
                self.load(file)

    @pytest.mark.parametrize(
        "content",
        [
            b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"PK\x05\x06" + b"\0" * 18, b"\x89HDF\r\n\x1a\n",
            b"\x93NUMPY\x01\0", b"PK\x03\x04", b"{}", b"<html>", b"chainrule sha256 ", b"\0" * 5000,
        ],
    )  # fmt: skip
    def test_another_kind(self, content: bytes, file: Path) -> None:
        file.write_bytes(content)
        with pytest.raises(FileFormatError) as caught:
            self.load(file)
        assert str(file) in str(caught.value)

    def test_one_format_under_the_ending_of_another(self, tmp_path: Path) -> None:
        model().save(tmp_path / "a.keras")
        model().save(tmp_path / "b.h5")
        (tmp_path / "a.keras").rename(tmp_path / "c.h5")
        (tmp_path / "b.h5").rename(tmp_path / "d.keras")
        for name in ("c.h5", "d.keras"):
            with pytest.raises(FileFormatError):
                keras.models.load_model(tmp_path / name)

    def test_not_there(self, file: Path) -> None:
        with pytest.raises(FileFormatError, match="did you mean") as caught:
            self.load(file.with_name(file.name.replace("a.", "ab.")))
        assert str(file) in str(caught.value)
        with pytest.raises(FileFormatError, match="no such file"):
            self.load(file.parent / "nowhere" / file.name)

    def test_folder(self, file: Path) -> None:
        file.unlink()
        file.mkdir()
        with pytest.raises(FileFormatError, match="folder"):
            self.load(file)
