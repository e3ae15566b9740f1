"""The GAN of the source document in PyTorch eager, as fast as PyTorch's own means make it: prints milliseconds an iteration.

Usage: gan.py THREADS BATCH PRESET ITERATIONS      PRESET: source | adam
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

threads, batch, preset, iterations = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)

leaky = lambda: nn.LeakyReLU(0.2)
G = nn.Sequential(nn.Linear(100, 128), leaky(), nn.Linear(128, 256), leaky(), nn.Linear(256, 784), nn.Sigmoid())
D = nn.Sequential(nn.Linear(784, 256), leaky(), nn.Linear(256, 128), leaky(), nn.Linear(128, 1))
adam_d = torch.optim.Adam(D.parameters(), 2e-4, (0.9, 0.999))
adam_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999))
blocks = [list(G[i].parameters()) for i in (0, 2, 4)]
data = torch.rand(60000, 784)


def step_d():
    real = data[torch.randint(0, 60000, (batch,))]
    with torch.no_grad():
        fake = G(torch.randn(batch, 100))
    loss = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
    adam_d.zero_grad()
    loss.backward()
    adam_d.step()


def step_source(i):
    """Minimax, a plain gradient step on one layer: autograd prunes what the layer does not need."""
    block = blocks[i % 3]
    loss = -F.softplus(D(G(torch.randn(batch, 100)))).mean()
    gradients = torch.autograd.grad(loss, block)
    with torch.no_grad():
        for parameter, gradient in zip(block, gradients):
            parameter.sub_(gradient, alpha=2e-4)


def step_adam(_):
    loss = F.softplus(-D(G(torch.randn(batch, 100)))).mean()
    adam_g.zero_grad()
    loss.backward()
    adam_g.step()


step_g = {"source": step_source, "adam": step_adam}[preset]
for i in range(50):
    step_d()
    step_g(i)
start = time.perf_counter()
for i in range(iterations):
    step_d()
    step_g(i)
print((time.perf_counter() - start) / iterations * 1e3)
