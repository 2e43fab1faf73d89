"""PyTorch: the loop of its tutorials; batches by indexing tensors, which is faster than a DataLoader here.

Convolutional networks and their images are in the memory format `channels_last`, as its documentation advises.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench import layers as facts
from bench import threads
from bench.networks import Network


class Sum(nn.Module):
    """Two branches, added."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + self.shortcut(x)  # type: ignore[no-any-return]


def build(stack: tuple[facts.Layer, ...], shape: facts.Shape) -> nn.Module:
    """A module that returns logits, since its cross-entropy takes those."""
    modules: list[nn.Module] = []
    for fact in stack:
        modules += modules_of(fact, shape)
        shape = fact.output(shape)
    return nn.Sequential(*modules).to(memory_format=torch.channels_last)


def modules_of(fact: facts.Layer, shape: facts.Shape) -> list[nn.Module]:
    """PyTorch's modules.  With a stride, "same" pads both sides alike here, as is usual, and not the end alone."""
    match fact:
        case facts.Dense(units, activation):
            return [nn.Linear(shape[0], units), *([nn.ReLU()] if activation == "relu" else [])]
        case facts.Conv(filters, size, stride, padding, activation, bias):
            margin = size // 2 if padding == "same" else 0
            convolution = nn.Conv2d(shape[2], filters, size, stride, margin, bias=bias)
            return [convolution, *([nn.ReLU(inplace=True)] if activation == "relu" else [])]
        case facts.Depthwise(size, stride):
            return [nn.Conv2d(shape[2], shape[2], size, stride, size // 2, groups=shape[2], bias=False)]
        case facts.BatchNorm():
            return [nn.BatchNorm2d(shape[2], eps=fact.epsilon, momentum=1 - fact.momentum)]
        case facts.ReLU():
            return [nn.ReLU(inplace=True)]
        case facts.MaxPool(size):
            return [nn.MaxPool2d(size)]
        case facts.GlobalAverage():
            return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        case facts.Flatten():
            return [nn.Flatten()]
        case facts.Dropout(rate):
            return [nn.Dropout(rate)]
        case facts.Residual(body, shortcut):
            return [Sum(build(body, shape), build(shortcut, shape))]
    raise NotImplementedError(fact)


def channels_second(x: torch.Tensor) -> torch.Tensor:
    """Images as PyTorch names their axes; in memory the channels stay last, so that nothing moves."""
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def compile_whole(model: nn.Module) -> nn.Module:
    """`model.compile()` would leave a Sequential uncompiled and say nothing; with `fullgraph`, nothing is left."""
    return torch.compile(model, fullgraph=True)  # type: ignore[return-value]


def parameters(model: nn.Module) -> int:
    """Trainable numbers of a model."""
    return sum(parameter.numel() for parameter in model.parameters())


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, fused: bool = False, compiled: bool = False
) -> tuple[Callable[[], float], int]:
    torch.set_num_threads(threads.number())
    torch.manual_seed(0)
    model = build(network.layers, network.shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **({"fused": True} if fused else {}))
    loss_function = nn.CrossEntropyLoss() if network.loss == "classes" else nn.MSELoss()
    if compiled:
        model = compile_whole(model)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def epoch() -> float:
        model.train()
        total, steps = torch.zeros(()), 0
        for rows in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_function(model(channels_second(inputs[rows])), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
            steps += 1
        return total.item() / steps

    return epoch, parameters(model)


def predictors(
    network: Network, fused: bool = False, compiled: bool = False
) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    del fused  # concerns training only
    torch.set_num_threads(threads.number())
    model = nn.Sequential(build(network.layers, network.shape), nn.Softmax(-1)).eval()
    if compiled:
        model = compile_whole(model)

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(channels_second(torch.from_numpy(x))).numpy()  # type: ignore[no-any-return]

    return {"": predict}, parameters(model)
