"""Trainings in PyTorch eager, told over standard input: `TASK BATCH ITERATIONS` is answered with milliseconds of an iteration, `memory` with the most bytes resident so far.

Usage: gan.py THREADS [bytes]      bytes: the data set as bytes, as it is kept to save memory; without, as numbers, for speed
Tasks: adam, block (one layer of G a move) and dcgan as they are commonly written; the same with `tuned-` before them: gradients of the weights that move only, and
Adam as one fused kernel; sgemm: a product of two square matrices, with their side in place of the batch.
"""
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
torch.set_flush_denormal(True)
torch.manual_seed(0)

pixels = torch.randint(0, 256, (50000, 784), dtype=torch.uint8)
data = pixels if "bytes" in sys.argv else pixels / 255


def perceptron():
    leaky = lambda: nn.LeakyReLU(0.2)
    G = nn.Sequential(nn.Linear(100, 128), leaky(), nn.Linear(128, 256), leaky(), nn.Linear(256, 784), nn.Sigmoid())
    D = nn.Sequential(nn.Linear(784, 256), leaky(), nn.Linear(256, 128), leaky(), nn.Linear(128, 1))
    return G, D, (784,)


def convolutional():
    leaky = lambda: nn.LeakyReLU(0.2)
    G = nn.Sequential(
        nn.Linear(100, 128 * 49), leaky(), nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), leaky(), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Sigmoid(),
    )
    D = nn.Sequential(
        nn.Conv2d(1, 64, 4, 2, 1), leaky(), nn.Conv2d(64, 128, 4, 2, 1), leaky(), nn.Flatten(), nn.Linear(128 * 49, 1)
    )
    return G, D, (1, 28, 28)


def open_task(task, batch):
    if task == "sgemm":
        a, b, c = (torch.rand(batch, batch) for _ in range(3))
        return lambda _: torch.mm(a, b, out=c)
    tuned = task.startswith("tuned-")
    kind = task.removeprefix("tuned-")
    adam = lambda weights: torch.optim.Adam(weights, 2e-4, (0.5, 0.999), fused=tuned or None)
    G, D, shape = convolutional() if kind == "dcgan" else perceptron()
    adam_d = adam(D.parameters())
    layers = [list(layer.parameters()) for layer in G if list(layer.parameters())]
    blocks = layers if kind == "block" else [list(G.parameters())]
    adams = [adam(block) for block in blocks]

    def iterate(i):
        real = data[torch.randint(0, len(data), (batch,))]
        if data.dtype == torch.uint8:
            real = real / 255
        fake = G(torch.randn(batch, 100))
        loss_d = F.softplus(-D(real.view(batch, *shape))).mean() + F.softplus(D(fake.detach())).mean()
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()
        k = i % len(blocks)
        loss_g = F.softplus(-D(fake)).mean()
        if tuned or kind == "block":
            for weight, gradient in zip(blocks[k], torch.autograd.grad(loss_g, blocks[k])):
                weight.grad = gradient
        else:
            adams[k].zero_grad()
            loss_g.backward()
        adams[k].step()

    return iterate


tasks = {}
print("PyTorch", torch.__version__ + ",", sys.argv[1], "thread" if sys.argv[1] == "1" else "threads", flush=True)
for line in sys.stdin:
    if line.strip() == "memory":
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
        continue
    task, batch, iterations = line.split()
    iterate = tasks.get((task, batch)) or open_task(task, int(batch))
    tasks[(task, batch)] = iterate
    start = time.perf_counter()
    for i in range(int(iterations)):
        iterate(i)
    print((time.perf_counter() - start) / int(iterations) * 1e3, flush=True)
