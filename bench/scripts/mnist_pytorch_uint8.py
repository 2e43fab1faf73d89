"""MNIST with PyTorch, the images kept as bytes and scaled batch by batch."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder = Path(sys.argv[1])


def load(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.from_numpy(np.load(folder / f"x_{split}.npy"))
    return x, torch.from_numpy(np.load(folder / f"y_{split}.npy")).long()


x_train, y_train = load("train")
x_test, y_test = load("test")

model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters())
loss_function = nn.CrossEntropyLoss()
for rows in torch.randperm(len(x_train)).split(100):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_function(model(x_train[rows].float() / 255), y_train[rows])
    loss.backward()
    optimizer.step()

model.eval()
with torch.inference_mode():
    guesses = [model(x.float() / 255).argmax(1) for x in x_test.split(1000)]
    print("test accuracy:", (torch.cat(guesses) == y_test).float().mean().item())
