"""PyTorch: the loop of its tutorials; batches by indexing tensors, which is faster than a DataLoader here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench import threads
from bench.networks import Network


def dense(network: Network) -> nn.Module:
    """A stack of Linear layers that returns logits."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(network.widths, network.widths[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


BUILD = {"dense": dense}


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, fused: bool = False, compiled: bool = False
) -> Callable[[], float]:
    torch.set_num_threads(threads.number())
    torch.manual_seed(0)
    model = BUILD[network.kind](network)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **({"fused": True} if fused else {}))
    loss_function = nn.CrossEntropyLoss() if network.loss == "classes" else nn.MSELoss()
    if compiled:
        model.compile()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def epoch() -> float:
        model.train()
        total, steps = torch.zeros(()), 0
        for rows in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_function(model(inputs[rows]), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
            steps += 1
        return total.item() / steps

    return epoch


def predictors(
    network: Network, fused: bool = False, compiled: bool = False
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    del fused  # concerns training only
    torch.set_num_threads(threads.number())
    model = nn.Sequential(BUILD[network.kind](network), nn.Softmax(-1)).eval()
    if compiled:
        model.compile()

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()  # type: ignore[no-any-return]

    return {"": predict}
