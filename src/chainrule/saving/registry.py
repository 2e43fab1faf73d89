"""Names for classes and functions: what a file, a string or a dictionary may mean.

    register                        ours, under the module where Keras has them: "keras.layers" and "Dense"
    register_keras_serializable     a user's own, under "Package>Name"
    Namespace                       one module's string names: `optimizers.get("adam")`
    Configurable                    a config that is read off the constructor's signature
    serialize_keras_object          an object -> a dictionary that JSON can hold
    deserialize_keras_object        the dictionary -> the object

The registry is closed: a name that nobody registered is an error, and no name is ever
looked up among Python's modules, so that a file can name what it wants and run nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FunctionType
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np

from chainrule.errors import ArgumentError, FileFormatError, UnknownNameError

Registered = TypeVar("Registered", bound=Callable[..., Any])
Config = dict[str, Any]

_ours: dict[tuple[str, str], Any] = {}  # (Keras's module, name) -> class or function
_home: dict[Any, tuple[str, str]] = {}  # the same, the other way
_custom: dict[str, Any] = {}  # "Package>Name" -> a user's class or function
_package: dict[Any, str] = {}
_scoped: ContextVar[dict[str, Any] | None] = ContextVar("custom_objects", default=None)

ARRAYS = ("__numpy__", "__tensor__")
NUMERIC = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)
EXECUTABLE = ("__lambda__", "__typespec__", "__bytes__", "__keras_tensor__", "Lambda")


@overload
def register(thing: Registered, *, module: str, name: str | None = None) -> Registered: ...
@overload
def register(*, module: str, name: str | None = None) -> Callable[[Registered], Registered]: ...
def register(thing: Any = None, *, module: str, name: str | None = None) -> Any:
    """Enter one of chainrule's own classes or functions; also a decorator.

    Args:
        thing: the class or function.
        module: the module in which Keras's files have it; the first one is written to files, a
            second call adds another that is understood.
        name: its name there; the default is its own.

    Example:
        >>> @register(module="keras.constraints", name="Anything")
        ... class Anything: ...
        >>> deserialize_keras_object({"module": "keras.constraints", "class_name": "Anything", "config": {}})
        Traceback (most recent call last):
        ...
        chainrule.errors.FileFormatError: Anything: it cannot be made from a config
          hint      give the class a method from_config, or derive it from Configurable
    """
    if thing is None:
        return lambda later: register(later, module=module, name=name)
    name = name or thing.__name__
    _ours[module, name] = thing
    _home.setdefault(thing, (module, name))
    return thing


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Registered], Registered]:
    """Let files name your own class or function.

    Args:
        package: a word that keeps your names apart from others'.
        name: the name in files; the default is the class's own.

    Raises:
        ArgumentError: a class without `get_config` and `from_config`.

    Example:
        >>> @register_keras_serializable(package="Tutorial")
        ... class Halve(Configurable):
        ...     def __init__(self, times=1):
        ...         self.times = times
        >>> serialize_keras_object(Halve(2))["registered_name"]
        'Tutorial>Halve'
    """

    def enter(thing: Registered) -> Registered:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ArgumentError(
                "a class is saved by its config, and this one has none", where=thing.__name__,
                hint="give it get_config, or derive it from a class of chainrule",
            )  # fmt: skip
        full = f"{package}>{name or thing.__name__}"
        _custom[full] = thing
        _package[thing] = full
        return thing

    return enter


def get_registered_name(obj: Any) -> str:
    """The name under which `obj` was registered, or its own."""
    return _package.get(obj) or str(obj.__name__)


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """What users registered under `name`, or None.

    Args:
        name: the registered name, as "Package>Name".
        custom_objects: looked in first.
        module_objects: looked in last.
    """
    for known in (_scoped.get(), custom_objects, _custom, module_objects):
        if known and name in known:
            return known[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The users' names that hold everywhere; adding to the dictionary registers.

    Example:
        >>> get_custom_objects()["Gone"] = object
        >>> del get_custom_objects()["Gone"]
    """
    return _custom


class CustomObjectScope:
    """Names that hold inside a `with` block.

    Args:
        custom_objects: names and what they mean.

    Example:
        >>> class Mine: ...
        >>> with CustomObjectScope({"Mine": Mine}):
        ...     get_registered_object("Mine").__name__
        'Mine'
    """

    def __init__(self, custom_objects: dict[str, Any]) -> None:
        self.custom_objects = custom_objects or {}
        self._within: list[Any] = []

    def __enter__(self) -> Self:
        self._within.append(_scoping(self.custom_objects))
        self._within[-1].__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._within.pop().__exit__(*error)


custom_object_scope = CustomObjectScope


@contextmanager
def _scoping(names: dict[str, Any] | None) -> Iterator[None]:
    token = _scoped.set({**(_scoped.get() or {}), **(names or {})})
    try:
        yield
    finally:
        _scoped.reset(token)


def serialize_keras_object(obj: Any) -> Any:
    """An object as JSON can hold it, in Keras's form.

    Args:
        obj: a number, string, array, function, list or dictionary of such, or an object with `get_config`.

    Raises:
        ArgumentError: an object without `get_config`, or a lambda, which has no name to find it by.

    Example:
        >>> from chainrule.regularizers import L2
        >>> serialize_keras_object(L2(0.5))["module"], serialize_keras_object(L2(0.5))["config"]
        ('keras.regularizers', {'l2': 0.5})
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, dict):
        return {str(key): serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, slice):
        return {"class_name": "__slice__", "config": {"start": obj.start, "stop": obj.stop, "step": obj.step}}
    if isinstance(obj, FunctionType):
        if obj.__name__ == "<lambda>":
            raise ArgumentError(
                "a lambda has no name by which a file could mean it", where="serialize_keras_object",
                hint="define it with `def` and @register_keras_serializable()",
            )  # fmt: skip
        name = get_registered_name(obj)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    if not hasattr(obj, "get_config"):
        raise ArgumentError(
            "it has no config to save", where=type(obj).__name__, got=repr(obj)[:80],
            hint="give its class get_config, or derive it from Configurable",
        )  # fmt: skip
    module, name = _home.get(type(obj), (None, type(obj).__name__))
    public = module is not None and ".src." not in module
    registered = None if public else get_registered_name(type(obj))
    entry = {"module": module, "class_name": name, "config": obj.get_config(), "registered_name": registered}
    if hasattr(obj, "get_build_config") and (built_for := obj.get_build_config()) is not None:
        entry["build_config"] = serialize_keras_object(built_for)
    if hasattr(obj, "get_compile_config"):
        entry["compile_config"] = obj.get_compile_config() or {}
    return entry


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that a dictionary of `serialize_keras_object` means.

    Args:
        config: the dictionary, or a list or dictionary that holds some.
        custom_objects: names of your own classes and functions that it may mention.
        safe_mode: must be True: nothing that a file holds is ever executed here.

    Raises:
        UnknownNameError: a class that nobody registered.
        FileFormatError: a dictionary that asks for code to be run, or is not whole.

    Example:
        >>> import chainrule.regularizers
        >>> config = {"module": "keras.regularizers", "class_name": "L1", "config": {"l1": 0.25}}
        >>> deserialize_keras_object(config).l1
        0.25
    """
    if not safe_mode:
        raise ArgumentError(
            "code from a file is never executed", where="deserialize_keras_object", expected="safe_mode=True",
            hint="register your function: @register_keras_serializable()",
        )  # fmt: skip
    with _scoping(custom_objects):
        return _deserialize(config)


def _deserialize(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return [_deserialize(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise FileFormatError("a class is named by a string", expected="class_name", got=repr(name)[:80])
    if name in EXECUTABLE:
        raise FileFormatError(
            "it holds code or types of another program, which are never executed", where=name,
            hint="save the model with a registered function or layer instead: @register_keras_serializable()",
        )  # fmt: skip
    if name == "function":
        return _function(inner)
    if not isinstance(inner, dict):
        raise FileFormatError("a config is a dictionary", where=name, got=repr(inner)[:80])
    if name == "__slice__":
        return slice(*(inner.get(key) for key in ("start", "stop", "step")))
    if name in ARRAYS:
        return _array(inner)
    if name == "DTypePolicy":  # here a layer's dtype is a name
        return inner.get("name")
    cls = find_class(config)
    if not hasattr(cls, "from_config"):
        raise FileFormatError(
            "it cannot be made from a config", where=name,
            hint="give the class a method from_config, or derive it from Configurable",
        )  # fmt: skip
    return cls.from_config(inner)


def find_class(config: Config) -> Any:
    """The class that a config names: a user's first, then ours under Keras's module."""
    name, module = config["class_name"], config.get("module")
    for known in (config.get("registered_name"), name):
        if isinstance(known, str) and (found := get_registered_object(known)) is not None:
            return found
    if module is None:  # as in files of Keras 2; a name that means one thing needs no module
        found_ours = {thing for (_, ours), thing in _ours.items() if ours == name}
        if len(found_ours) == 1:
            return found_ours.pop()
    elif isinstance(module, str):
        head, _, rest = module.partition(".")
        module = f"keras.{rest}" if head == "chainrule" and rest else module.replace("chainrule", "keras")
        if (module, name) in _ours:
            return _ours[module, name]
    own = "your own class? @register_keras_serializable(), or custom_objects={name: class}"
    here = [known for where, known in _ours if where == module]
    near = UnknownNameError.of("class", name, here).hint
    raise UnknownNameError(
        "unknown class", where=str(module or "no module"), got=repr(name), hint=f"{near} {own}".strip(),
        expected=", ".join(sorted(here)) or None,
    )  # fmt: skip


def _function(name: Any) -> Any:
    if not isinstance(name, str):
        raise FileFormatError(
            "a function is meant by its registered name, never by its code", where="function"
        )
    found = get_registered_object(name)
    if found is None:
        functions = {n: thing for (_, n), thing in _ours.items() if isinstance(thing, FunctionType)}
        if name not in functions:
            raise UnknownNameError.of("function", name, functions)
        found = functions[name]
    return found


def _array(inner: Config) -> np.ndarray:
    dtype = inner.get("dtype")
    if dtype not in NUMERIC:
        raise FileFormatError(
            "an array of numbers was expected", where="__numpy__", expected=NUMERIC, got=repr(dtype)
        )
    try:
        return np.array(inner["value"], dtype=dtype)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise FileFormatError("the numbers do not make an array", where="__numpy__") from error


class Configurable:
    """An object whose config is its constructor's arguments.

    Keep every argument unchanged under its own name, and `get_config` and `from_config`
    follow.  Arguments that a constructor passes on as `**kwargs` are those of the next
    class's constructor.

    Example:
        >>> class Scale(Configurable):
        ...     def __init__(self, factor=2.0):
        ...         self.factor = factor
        >>> Scale(3.0).get_config()
        {'factor': 3.0}
        >>> Scale.from_config({"factor": 3.0}).factor
        3.0
    """

    def get_config(self) -> Config:
        """The constructor's arguments, as JSON can hold them.

        Raises:
            ArgumentError: an argument that the object did not keep.
        """
        config = {}
        for name in argument_names(type(self)):
            try:
                config[name] = serialize_argument(self.argument(name))
            except AttributeError as error:
                raise ArgumentError(
                    f"the constructor takes {name!r} but self.{name} does not exist: no config",
                    where=type(self).__name__, hint=f"write self.{name} = {name}, or define get_config",
                ) from error  # fmt: skip
        return config

    def argument(self, name: str) -> Any:
        """The constructor's argument `name`, for a class that keeps one under another form."""
        return getattr(self, name)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """An object with these arguments.

        Raises:
            ArgumentError: arguments that the constructor does not take, or lacks.
        """
        return cls(**deserialize_config(cls, config))


def deserialize_config(cls: type, config: Config) -> Config:
    """The arguments of `cls` that a config holds, with the objects inside it made.

    Raises:
        ArgumentError: arguments that the constructor does not take, or lacks.

    Example:
        >>> deserialize_config(CustomObjectScope, {"custom_objects": None})
        {'custom_objects': None}
    """
    names = argument_names(cls)
    unknown = [key for key in config if key not in names]
    if unknown and not takes_any(cls):
        raise ArgumentError(
            "its config has arguments it does not take: " + ", ".join(map(repr, unknown)),
            where=cls.__name__, expected=", ".join(names) or "none",
        )  # fmt: skip
    arguments = {key: _deserialize(value) for key, value in config.items()}
    try:
        inspect.signature(cls).bind(**arguments)
    except TypeError as error:
        raise ArgumentError(f"its config is not whole: {error}", where=cls.__name__) from None
    return arguments


def serialize_argument(value: Any) -> Any:
    """As `serialize_keras_object`; but our own functions are names alone, and tuples stay tuples, as in Keras."""
    if isinstance(value, tuple):
        return tuple(map(serialize_argument, value))
    if isinstance(value, FunctionType) and value in _home:
        return _home[value][1]
    return serialize_keras_object(value)


def _constructors(cls: type) -> Iterator[inspect.Signature]:
    """The constructors that a call of `cls` goes through."""
    for ancestor in cls.__mro__:
        if "__init__" in vars(ancestor) and ancestor is not object:
            signature = inspect.signature(vars(ancestor)["__init__"])
            yield signature
            if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
                return


def argument_names(cls: type) -> tuple[str, ...]:
    """Names of the arguments that `cls(...)` takes.

    Example:
        >>> argument_names(type("Point", (), {"__init__": lambda self, x, y=0: None}))
        ('x', 'y')
    """
    names: dict[str, None] = {}
    for signature in _constructors(cls):
        for name, parameter in list(signature.parameters.items())[1:]:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                names[name] = None
    return tuple(names)


def takes_any(cls: type) -> bool:
    """Whether the last constructor of `cls` takes arguments of any name, and judges them itself."""
    last = list(_constructors(cls))[-1:]
    return any(p.kind is p.VAR_KEYWORD for signature in last for p in signature.parameters.values())


Base = TypeVar("Base")


class Namespace(Generic[Base]):
    """The string names of one module, and the ways from a name, a config or a class to an object.

    Args:
        kind: what it holds, in errors: "optimizer".
        module: the module in Keras: "keras.optimizers".

    Example:
        >>> shapes = Namespace("shape", "keras.shapes")
        >>> @shapes.add("circle")
        ... class Circle(Configurable):
        ...     def __init__(self, radius=1):
        ...         self.radius = radius
        >>> shapes.get("circle").radius, shapes.get({"class_name": "Circle", "config": {"radius": 2}}).radius
        (1, 2)
    """

    def __init__(self, kind: str, module: str) -> None:
        self.kind, self.module = kind, module
        self.names: dict[str, Any] = {}

    def add(self, *aliases: str) -> Callable[[Registered], Registered]:
        """Register a class or function under its own name and under these."""

        def enter(thing: Registered) -> Registered:
            register(thing, module=self.module)
            self.names |= dict.fromkeys((thing.__name__, *aliases), thing)
            return thing

        return enter

    def get(self, identifier: Any) -> Any:
        """The object that a name, config, class, object or function means; None stays None.

        Raises:
            UnknownNameError: a name that nobody registered.
            ArgumentError: something else altogether.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        if isinstance(identifier, str):
            found = get_registered_object(identifier)
            identifier = self._named(identifier) if found is None else found
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        raise ArgumentError(
            f"not {'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind}", where=f"{self.module[6:]}.get",
            expected="a name, a config, a class, an object or None", got=repr(identifier)[:80],
        )  # fmt: skip

    def serialize(self, obj: Any) -> Any:
        """The config of an object; the name of a function."""
        return serialize_argument(obj)

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object that a config, or a name, means.

        Raises:
            UnknownNameError: a name that nobody registered.
        """
        with _scoping(custom_objects):
            if isinstance(config, str):
                return self.get(config)
            if isinstance(config, dict) and config.get("module") is None and "class_name" in config:
                name = config["class_name"]  # written by hand, or by Keras 2
                if (
                    get_registered_object(config.get("registered_name") or name) is None
                    and name in self.names
                ):
                    module, name = _home[self.names[name]]
                    config = {
                        **config,
                        "module": module,
                        "class_name": name,
                        "config": config.get("config", {}),
                    }
            return _deserialize(config)

    def _named(self, name: str) -> Any:
        if name not in self.names:
            raise UnknownNameError.of(self.kind, name, self.names)
        return self.names[name]
