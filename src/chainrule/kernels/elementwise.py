"""Kernels of elementwise operations, derived from their formulas.

The formula of one element is the formula of all, so its kernel is the formula itself,
compiled for numbers inside one loop.  Two things change on the way: constants take the
precision of the arrays (`0.5` would make a float32 formula float64), and
`np.where(c, a, b)` becomes a choice between numbers.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels, in_turn
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.transcendental import FUNCTIONS
from chainrule.ops import special
from chainrule.spec import TensorSpec

Arrays = tuple[np.ndarray, ...]
Copies = list[tuple[np.ndarray, np.ndarray]]  # (target, source)
Sums = list[tuple[np.ndarray, tuple[int, ...], np.ndarray]]  # (source, axes, target)

SERIAL = 1 << 17  # elements (some ten microseconds) below which waking other threads costs more than it saves
BLOCK = 1 << 14  # elements in a piece that one thread takes: 64 kB of float32, half of a level-1 and -2 cache


class _ForNumbers(ast.NodeTransformer):
    """A formula for arrays -> the same formula for numbers of one precision."""

    def __init__(self, namespace: dict[str, Any], real: str) -> None:
        self.namespace, self.real, self.called = namespace, real, dict[str, FunctionType]()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list, node.returns = [], None
        for argument in (*node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        node.args.args, node.args.kwonlyargs = node.args.args + node.args.kwonlyargs, []
        node.args.kw_defaults, node.args.defaults = [], []
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = node.body[1:]  # the docstring
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return ast.parse(f"np.{self.real}({node.value!r})", mode="eval").body
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
            node.left = self.visit(node.left)  # x**2 keeps its whole exponent: two products, not a power
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func) == "np.where":
            test, yes, no = (self.visit(argument) for argument in node.args)
            return ast.IfExp(test, yes, no)
        if ast.unparse(node.func) in FUNCTIONS:
            node.func = ast.Name(FUNCTIONS[ast.unparse(node.func)].__name__, ast.Load())
        elif isinstance(node.func, ast.Name):
            function = self.namespace.get(node.func.id)
            if isinstance(function, FunctionType) and function.__module__ == special.__name__:
                node.func.id = function.__name__  # under which NUMBERS knows it
            elif isinstance(function, FunctionType):
                self.called[node.func.id] = function
        if any(keyword.arg for keyword in node.keywords):
            node.args, node.keywords = node.args + [k.value for k in node.keywords], []
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self.namespace.get(node.id)
        if isinstance(value, (int, float)) and isinstance(node.ctx, ast.Load):  # a module's constant
            return self.visit_Constant(ast.Constant(value))
        return node


def for_numbers(function: Callable[..., Any], real: str, name: str) -> str:
    """Source of `function`, and of what it calls, for numbers of the precision `real`."""
    assert isinstance(function, FunctionType)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    namespace = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    parameters = set(inspect.signature(function).parameters)
    transformer = _ForNumbers({k: v for k, v in namespace.items() if k not in parameters}, real)
    definition = transformer.visit(tree).body[0]
    definition.name = name
    own = "@inline\n" + ast.unparse(ast.fix_missing_locations(definition))
    called = [for_numbers(f, real, n) for n, f in transformer.called.items()]
    return "\n\n".join((*dict.fromkeys(called), own))


_loops: dict[str, Piece] = {}


def _loop(label: str, formula: Callable[..., Any], real: str, targets: str, sources: str, attributes: int) -> Piece:
    """Work that applies `formula` to every element, in blocks: (t, elements in a block, arrays, numbers).

    Args:
        label: name in the cache.
        formula: elements -> elements.
        real: precision of the constants.
        targets: for each result of the formula "w" where it is wanted, "-" where not.
        sources: for each array "a", or "s" for a single number that all elements share.
        attributes: how many numbers follow the arrays.
    """
    source = for_numbers(formula, real, "formula")
    written = [f"y{k}" for k, t in enumerate(targets) if t == "w"]
    read = [f"x{k}" for k in range(len(sources))]
    given = [f"a{k}" for k in range(attributes)]
    elements = [f"x{k}[{'i' if s == 'a' else '0'}]" for k, s in enumerate(sources)]
    part = [f"{a}[start:stop]" for a in written]
    part += [f"{a}[start:stop]" if kind == "a" else a for a, kind in zip(read, sources, strict=True)]
    size = f"{written[0]}.size"
    lines = [  # a loop over a slice counts from zero, which the compiler must know to use vector registers
        "@inline",
        f"def part({', '.join((*written, *read, *given))}):",
        f"    for i in range({size}):",
        f"        result = formula({', '.join((*elements, *given))})",
        *(f"        y{k}[i] = result[{k}]" for k, t in enumerate(targets) if t == "w"),
        "",
        f"def loop({', '.join(('t', 'block', *written, *read, *given))}):",
        f"    start, stop = t * block, min({size}, (t + 1) * block)",
        f"    part({', '.join((*part, *given))})",
    ]
    return generated(label, source + "\n\n" + "\n".join(lines) + "\n")


def on_numbers(label: str, formula: Callable[..., Any], real: str) -> tuple[Any, str]:
    """`formula` for single numbers, compiled into its callers, and a digest of its source.

    Args:
        label: name in tracebacks.
        formula: elements -> elements.
        real: precision of the constants.
    """
    text = for_numbers(formula, real, "formula")
    return _namespace(label, text)["formula"], hashlib.sha256(text.encode()).hexdigest()


def generated(label: str, text: str) -> Piece:
    """Work whose function `loop` is defined by `text`, beside parts under `@inline`.

    Args:
        label: name in the cache and in tracebacks.
        text: source, made from our own formulas.
    """
    if text not in _loops:
        stamp = hashlib.sha256(text.encode()).hexdigest()
        name = f"{label}_{stamp[:16]}"
        _loops[text] = Piece(compiled(_namespace(label, text)["loop"], name=name, cached=False), name, stamp=stamp)
    return _loops[text]


def _namespace(label: str, text: str) -> dict[str, Any]:
    """What `text` defines."""
    stamp = hashlib.sha256(text.encode()).hexdigest()

    def inline(function: Any) -> Any:
        return compiled(function, name=f"{label}_{function.__name__}_{stamp[:16]}", cached=False)

    # The name of an importable module, since a function from the cache looks for its globals there.
    namespace: dict[str, Any] = {"__name__": __name__, "np": np, "math": math}
    namespace.update(special.NUMBERS, inline=inline, **{f.__name__: f for f in FUNCTIONS.values()})
    exec(compile(text, f"<kernel {label}>", "exec"), namespace)  # our own formulas, never a file's
    return namespace


def derive(primitive: Any) -> Kernels:
    """The kernels of an elementwise primitive."""
    name = primitive.name

    def bind(
        label: str, formula: Callable[..., Any], written: list[Any], read: list[Any], attrs: dict[str, Any]
    ) -> Call:
        """The loop over all elements; arrays are of the result's shape, or one number for all."""
        targets = [y for y in written if y is not None]
        dtype = next((x.dtype for x in (*read, *targets) if x.dtype.kind == "f"), np.dtype("float64"))
        size = targets[0].size
        block = BLOCK if size > SERIAL else size
        loop = _loop(
            f"{name}_{label}", formula, dtype.name, "".join("-" if y is None else "w" for y in written),
            "".join("s" if x.size == 1 != size else "a" for x in read), len(attrs),
        )  # fmt: skip
        numbers = tuple(dtype.type(value) for value in attrs.values())
        cuts = -(-size // block) if size else 0
        return loop(cuts, block, *(a.reshape(-1) for a in (*targets, *read)), *numbers)

    def whole(arrays: list[Any], shape: tuple[int, ...], spare: list[np.ndarray]) -> tuple[list[Any], Copies]:
        """The arrays to read, and the copies to make first of those that are repeated."""
        read, copies = [], []
        for x in arrays:
            if x.shape != shape and x.size != 1:
                copies.append((spare.pop(0), np.broadcast_to(x, shape)))
                read.append(copies[-1][0])
            else:
                read.append(x)
        return read, copies

    def forward(y: np.ndarray, *inputs: np.ndarray, workspace: Arrays = (), **attrs: Any) -> Call:
        read, copies = whole(list(inputs), y.shape, list(workspace))
        call = bind("forward", primitive.forward, [y], read, attrs)
        return in_turn(*(Call(np.copyto, pair) for pair in copies), call)

    def vjp(*arrays: Any, workspace: Arrays = (), **attrs: Any) -> Call:
        count = len(primitive.inputs)
        cotangents, dy, saved = arrays[:count], arrays[count], arrays[count + 1 :]
        attrs = {k: v for k, v in attrs.items() if not k.endswith("_shape")}
        spare = list(workspace)
        read, copies = whole([dy, *saved], dy.shape, spare)
        written: list[Any] = []
        sums: Sums = []
        for dx in cotangents:
            if dx is None or dx.shape == dy.shape:
                written.append(dx)
            else:
                written.append(spare.pop(0))
                sums.append(_sum_to(dx, written[-1]))
        if all(dx is None for dx in written):
            return NO_CALL
        call = bind("vjp", primitive.elementwise_vjp, written, read, attrs)
        return in_turn(*(Call(np.copyto, pair) for pair in copies), call, *(Call(_sum, added) for added in sums))

    def forward_workspace(*inputs: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
        """Room for each input that is repeated."""
        y = primitive.infer(*inputs, **attrs)[0]
        return tuple(TensorSpec(y.shape, x.dtype) for x in inputs if x.shape != y.shape and x.size != 1)

    def vjp_workspace(*inputs: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
        """Room for each saved input that is repeated, then for each cotangent that is summed up."""
        y = primitive.infer(*inputs, **attrs)[0]
        named = dict(zip(primitive.inputs, inputs, strict=True))
        saved = [named[k] for k in primitive.saves if k in named]
        return (
            *(TensorSpec(y.shape, x.dtype) for x in saved if x.shape != y.shape and x.size != 1),
            *(TensorSpec(y.shape, y.dtype) for x in inputs if x.shape != y.shape),
        )

    has_vjp = primitive.elementwise_vjp is not None
    return Kernels(
        contiguous(forward), contiguous(vjp) if has_vjp else None, forward_workspace, vjp_workspace
    )


def _sum(source: np.ndarray, axes: tuple[int, ...], target: np.ndarray) -> None:
    np.add.reduce(source, axis=axes, out=target)


def _sum_to(dx: np.ndarray, full: np.ndarray) -> tuple[np.ndarray, tuple[int, ...], np.ndarray]:
    """What `np.sum` needs to add `full` up into the smaller `dx`."""
    leading = full.ndim - dx.ndim
    axes = tuple(range(leading)) + tuple(
        leading + k for k, n in enumerate(dx.shape) if n == 1 and full.shape[leading + k] != 1
    )
    kept = tuple(n for k, n in enumerate(dx.shape) if leading + k not in axes)
    return full, axes, dx.reshape(kept)
