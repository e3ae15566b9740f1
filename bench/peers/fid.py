"""Frechet distance between generated and real digits, on what a small LeNet sees in them. Reads standard input, so it runs in a container too.

fid.py learn:  50,000 training and 10,000 test images as pixels and labels, a byte each -> the reference: network, mean, covariance
fid.py score:  the length of the reference as 8 bytes, the reference, sets of 10,000 images of 784 float32 -> the distance of each set, in JSON
"""
import io
import json
import sys

import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.set_flush_denormal(True)
trainCount, testCount, pixelCount = 50_000, 10_000, 784


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2), nn.ReLU(), nn.Conv2d(12, 24, 5, stride=2), nn.ReLU()
        )
        self.hidden = nn.Linear(24 * 4 * 4, 96)
        self.output = nn.Linear(96, 10)

    def features(self, images):
        return torch.relu(self.hidden(self.convolutions(images.view(-1, 1, 28, 28)).flatten(1)))

    def forward(self, images):
        return self.output(self.features(images))


def trained(images, labels, epochs=4, batch=100):
    torch.manual_seed(1)
    net = LeNet()
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(batch):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimiser.step()
    return net


@torch.no_grad()
def moments(net, images):
    seen = torch.cat([net.features(part) for part in images.split(200)]).double()
    return seen.mean(0), torch.cov(seen.T)


def root(c):
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(c)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def distance(a, b):
    """Heusel et al. 2017, equation 6: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)); tr (C1 C2)^(1/2) is the sum of the singular values of the roots' product."""
    (m1, c1), (m2, c2) = a, b
    cross = torch.linalg.svdvals(root(c1) @ root(c2)).sum()
    return float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * cross)


def learn(stream):
    def split(count):
        pixels = np.frombuffer(stream.read(count * pixelCount), np.uint8).reshape(count, pixelCount)
        labels = np.frombuffer(stream.read(count), np.uint8)
        return torch.tensor(pixels).float() / 255, torch.tensor(labels).long()

    images, labels = split(trainCount)
    testImages, testLabels = split(testCount)
    net = trained(images, labels)
    real = moments(net, images)
    with torch.no_grad():
        accuracy = (net(testImages).argmax(1) == testLabels).double().mean().item()
    print(json.dumps({"accuracy": accuracy, "floor": distance(moments(net, testImages), real)}), file=sys.stderr)
    torch.save({"net": net.state_dict(), "real": real}, sys.stdout.buffer)


def score(stream):
    reference = torch.load(io.BytesIO(stream.read(int.from_bytes(stream.read(8), "little"))))
    net = LeNet()
    net.load_state_dict(reference["net"])
    sets = np.frombuffer(stream.read(), np.float32).reshape(-1, testCount, pixelCount)
    print(json.dumps([distance(moments(net, torch.tensor(images)), reference["real"]) for images in sets]))


{"learn": learn, "score": score}[sys.argv[1]](sys.stdin.buffer)
