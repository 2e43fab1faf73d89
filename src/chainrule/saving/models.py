"""Saving and loading models: which format, in which order, and what is refused.

Loading goes from what is small and checked to what is large: the description is measured, the
model is made of it within a budget, the file must be long enough for its weights, and only then
are they read.
"""

from __future__ import annotations

import contextlib
import difflib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.errors import ArgumentError, ChainruleError, FileFormatError, UnknownNameError
from chainrule.models.model import Model
from chainrule.saving import archive, budget, hdf5, keras_format, legacy_h5, strict_json, weights
from chainrule.saving.atomic import replacing
from chainrule.saving.registry import Config, custom_object_scope, deserialize_keras_object

KERAS, WEIGHTS, LEGACY = ".keras", ".weights.h5", (".h5", ".hdf5")


def save_model(model: Model, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model, its weights and the state of its training to a file.

    Args:
        model: the model.
        filepath: where to; `.keras`, or `.h5` for older programs.
        overwrite: whether a file that is there may be replaced.
        zipped: True or None: a model is one file.
        **kwargs: `include_optimizer=False` leaves the training's state out; `extra`, a document of
            numbers, texts, lists and dicts, is kept with the model in a `.keras` file for `load_extra`.

    Raises:
        ArgumentError: another ending, or something that cannot be written.

    Example:
        >>> import tempfile
        >>> from chainrule import Input, Sequential, layers
        >>> model = Sequential([Input((2,)), layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model, f"{folder}/model.keras", extra={"classes": ["no", "yes"]})
        ...     load_model(f"{folder}/model.keras").count_params(), load_extra(f"{folder}/model.keras")
        (3, {'classes': ['no', 'yes']})
    """
    include_optimizer, extra = kwargs.pop("include_optimizer", True), kwargs.pop("extra", None)
    if kwargs:
        raise UnknownNameError.of("argument", next(iter(kwargs)), ("include_optimizer", "extra"), where="save_model")
    if zipped is False:
        raise ArgumentError("a model is saved as one file", where="save_model", expected="zipped=True", got=False)
    path = Path(filepath)
    kind = _kind(path, "save_model")
    if kind is WEIGHTS:
        raise ArgumentError(
            "the ending is that of weights alone", where="save_model", got=path.name,
            hint=f'"{path.name.removesuffix(WEIGHTS)}.keras" for the whole model, or model.save_weights(…)',
        )  # fmt: skip
    if kind is LEGACY and extra is not None:
        raise ArgumentError("extra is kept in .keras files only", where="save_model", got=path.name)
    with replacing(path, overwrite) as temporary:
        if kind is KERAS:
            keras_format.write(temporary, model, include_optimizer, extra)
        else:
            legacy_h5.write(temporary, model, include_optimizer)


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    max_bytes: int = budget.DEFAULT_BYTES,
    check_finite: bool = True,
) -> Any:
    """Read a model that `save_model`, or Keras, wrote.

    Args:
        filepath: a `.keras` or `.h5` file.
        custom_objects: your own classes and functions, by the names that the file has for them.
        compile: make it ready to train on, with the state that its optimizer had.
        safe_mode: must be True: nothing that a file holds is ever executed.
        max_bytes: the most that its weights may take.
        check_finite: refuse weights that are NaN or infinite.

    Raises:
        FileFormatError: a file that is not there, is damaged, hostile or of another kind.
        UnknownNameError: a class that is neither Keras's nor registered.
    """
    if not safe_mode:
        raise ArgumentError(
            "code from a file is never executed", where="load_model", expected="safe_mode=True",
            hint="register your functions and layers: @register_keras_serializable()",
        )  # fmt: skip
    path = Path(filepath)
    kind = _kind(path, "load_model")
    if kind is WEIGHTS:
        raise ArgumentError(
            "the file holds weights without a model", where="load_model", got=path.name,
            hint="build the model as it was and use model.load_weights(…)",
        )  # fmt: skip
    with _opened(path) as stream, custom_object_scope(custom_objects or {}):
        if kind is KERAS:
            return _load_keras(path, stream, compile, max_bytes, check_finite)
        return _load_legacy(path, stream, compile, max_bytes, check_finite)


def _load_keras(path: Path, stream: BinaryIO, compile: bool, max_bytes: int, check_finite: bool) -> Model:
    members = archive.Archive(path, stream, keras_format.LIMITS)
    config = keras_format.read_config(members)
    model = _made(config, str(path), max_bytes)
    if (size := members.size(keras_format.WEIGHTS)) < weights.expected_bytes(model):
        raise _too_short(path, model, size)
    training = config.get("compile_config")
    if compile and training:
        with _understood(f"{path}: {keras_format.CONFIG}, compile_config", "or load it without: compile=False"):
            model.compile_from_config(training)
    with hdf5.File(io.BytesIO(members.read(keras_format.WEIGHTS)), f"{path}: {keras_format.WEIGHTS}") as file:
        weights.read(file.root, model, optimizer="required", skip_mismatch=False, check_finite=check_finite)
    return model


def _load_legacy(path: Path, stream: BinaryIO, compile: bool, max_bytes: int, check_finite: bool) -> Model:
    with hdf5.File(stream, str(path)) as file:
        model = _made(legacy_h5.read_config(file.root), str(path), max_bytes)
        if file.size < weights.expected_bytes(model):
            raise _too_short(path, model, file.size)
        taken = legacy_h5.weights_of(file.root, model, max_bytes, check_finite)
        if compile:
            with _understood(f"{path}: training_config", "or load it without: compile=False"):
                compiled = legacy_h5.compile_as_written(file.root, model)
            if compiled:
                taken += legacy_h5.optimizer_state_of(file.root, model, max_bytes, check_finite)
    for variable, array in taken:
        variable.assign(array)
    return model


def _made(config: Config, where: str, max_bytes: int) -> Model:
    """The model that a description means, without its weights."""
    budget.check_config(config, where)
    with _understood(where), budget.within(max_bytes, where):
        model = deserialize_keras_object(config)
        if not isinstance(model, Model):
            raise FileFormatError(
                "the file describes something that is no model", where=where, got=type(model).__name__
            )
        shape = (config.get("build_config") or {}).get("input_shape")
        if not model.built and shape is not None:  # a class of the user's own, whose `call` makes the weights
            model.compute_output_shape(shape)
    return model


@contextlib.contextmanager
def _understood(where: str, hint: str = "") -> Iterator[None]:
    """Whatever goes wrong in following a stranger's description is said of the description."""
    try:
        yield
    except FileFormatError:
        raise
    except UnknownNameError as error:
        hints = "; ".join(part for part in (error.hint, hint) if part)
        raise UnknownNameError(
            error.problem, where=": ".join(part for part in (where, error.where) if part),
            expected=error.expected, got=error.got, hint=hints,
        ) from error  # fmt: skip
    except Exception as error:
        said = error.problem if isinstance(error, ChainruleError) else f"{type(error).__name__}: {error}"
        raise FileFormatError(
            "the description of the model cannot be followed", where=where, got=said[:300], hint=hint
        ) from error


def save_weights(model: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write the weights of a model, and the state of its optimizer, to a `.weights.h5` file.

    Args:
        model: the model.
        filepath: where to.
        overwrite: whether a file that is there may be replaced.
        **kwargs: `max_shard_size` must be None: weights are one file.

    Raises:
        ArgumentError: another ending, or the model has no weights yet.
    """
    if kwargs.pop("max_shard_size", None) is not None or kwargs:
        raise ArgumentError("weights are saved as one file", where="save_weights", hint="leave max_shard_size out")
    path = Path(filepath)
    if not path.name.endswith(WEIGHTS):
        raise ArgumentError(
            "weights are saved under another ending", where="save_weights", expected=WEIGHTS, got=path.name
        )
    with replacing(path, overwrite) as temporary:
        hdf5.write_sealed(temporary, lambda file: weights.write(file, model))


def load_weights(
    model: Model,
    filepath: Any,
    skip_mismatch: bool = False,
    *,
    max_bytes: int = budget.DEFAULT_BYTES,
    check_finite: bool = True,
    **kwargs: Any,
) -> None:
    """Read the weights of a model that is built; nothing is changed unless everything fits.

    Args:
        model: the model.
        filepath: a `.weights.h5`, `.keras` or `.h5` file.
        skip_mismatch: leave layers alone that do not fit, with a warning.
        max_bytes: the most that lists in the file may take.
        check_finite: refuse weights that are NaN or infinite.
        **kwargs: none; Keras's `objects_to_skip` is not understood.

    Raises:
        FileFormatError: a file that is not there, is damaged, hostile or of another kind, or another model's.
    """
    if kwargs:
        raise UnknownNameError.of(
            "argument", next(iter(kwargs)), ("skip_mismatch", "check_finite"), where="load_weights"
        )
    path = Path(filepath)
    kind = _kind(path, "load_weights")
    with _opened(path) as stream:
        if kind is KERAS:
            members = archive.Archive(path, stream, keras_format.LIMITS)
            where = f"{path}: {keras_format.WEIGHTS}"
            stream = io.BytesIO(members.read(keras_format.WEIGHTS))
        with hdf5.File(stream, where if kind is KERAS else str(path)) as file:
            if kind is not LEGACY:
                weights.read(
                    file.root,
                    model,
                    optimizer="optional",
                    skip_mismatch=skip_mismatch,
                    check_finite=check_finite,
                )
                return
            if skip_mismatch:
                raise ArgumentError("skip_mismatch is for .weights.h5 and .keras files", where="load_weights")
            taken = legacy_h5.weights_of(file.root, model, max_bytes, check_finite)
    for variable, array in taken:
        variable.assign(array)


def load_extra(filepath: Any) -> Any:
    """What `save_model(…, extra=…)` kept with a model, or None.

    Args:
        filepath: a `.keras` file.

    Raises:
        FileFormatError: a file that is not there, is damaged, hostile or of another kind.
    """
    path = Path(filepath)
    if _kind(path, "load_extra") is not KERAS:
        return None
    with _opened(path) as stream:
        return keras_format.read_extra(archive.Archive(path, stream, keras_format.LIMITS))


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `model.to_json()` described, with new weights.

    Args:
        json_string: the description.
        custom_objects: your own classes and functions, by the names that it has for them.

    Raises:
        FileFormatError: no description of a model.
        UnknownNameError: a class that is neither Keras's nor registered.
    """
    config = strict_json.loads(json_string.encode("utf-8", "surrogatepass"), "model_from_json")
    budget.check_config(config, "model_from_json")
    with _understood("model_from_json"):
        return deserialize_keras_object(config, custom_objects)


def _kind(path: Path, where: str) -> Any:
    """The format that the ending says; a file's content must then be of that format."""
    if path.name.endswith(KERAS):
        return KERAS
    if path.name.endswith(WEIGHTS):
        return WEIGHTS
    if path.name.endswith(LEGACY):
        return LEGACY
    raise ArgumentError(
        "the ending says no format", where=where, expected='".keras", ".h5" or ".weights.h5"', got=path.name,
        hint=f'"{path.with_suffix(KERAS)}"',
    )  # fmt: skip


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if not path.is_file():
        others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, others, n=1)
        raise FileFormatError(
            "a folder, where a file was expected" if path.is_dir() else "there is no such file",
            where=str(path),
            hint=f"did you mean {path.with_name(near[0])}?" if near else f"the folder now is {Path.cwd()}",
        )
    with path.open("rb") as stream:
        yield stream


def _too_short(path: Path, model: Model, size: int) -> FileFormatError:
    return FileFormatError(
        "the file is too short for the model that it describes", where=str(path),
        expected=f"at least {weights.expected_bytes(model):,} bytes of weights", got=f"{size:,} bytes",
    )  # fmt: skip
