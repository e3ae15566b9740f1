"""Writes src/metrics/reference.json: metrics of small sets of samples by SciPy and scikit-learn, which src/metrics/reference.test.ts compares with.

Run with /usr/bin/python3 tools/metrics-reference.py (apt-get install python3-scipy python3-sklearn), then
npx biome check --write src/metrics/reference.json.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import linalg, special, stats
from sklearn.metrics.pairwise import euclidean_distances, polynomial_kernel
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

PRIME = 67108859  # its squares are below 2^53


def whole(seed, i, k, most):
    """A whole number from -most to most; whole() of the test says the same."""
    hashed = (seed * 7919 + i * 104729 + k * 1299709 + 1) % PRIME
    for _ in range(3):
        hashed = (hashed * hashed + 48271) % PRIME
    return hashed % (2 * most + 1) - most


def samples(seed, rows, columns, rank, distinct, mixing, shift):
    """Whole numbers over 16, so that distances and ties are exact: `rank` factors for each of `distinct` rows, mixed."""
    factors = np.array([[whole(seed, i % distinct, r, 8) for r in range(rank)] for i in range(rows)])
    mixed = factors @ np.array([[whole(mixing, r, k, 4) for k in range(columns)] for r in range(rank)])
    return mixed / 16 + shift


def frechet(x, y):
    s1, s2 = np.cov(x.T), np.cov(y.T)
    rest = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s1 + s2)
    if np.linalg.matrix_rank(s1) == np.linalg.matrix_rank(s2) == len(s1):
        return rest - 2 * np.trace(linalg.sqrtm(s1 @ s2)).real
    # the root of a singular product is not accurate: the trace is also the nuclear norm of the centred samples' product
    product = (x - x.mean(0)) @ (y - y.mean(0)).T
    return rest - 2 * linalg.svdvals(product).sum() / np.sqrt((len(x) - 1) * (len(y) - 1))


def kernel(x, y):
    def mean_of_pairs(a):
        k = polynomial_kernel(a, degree=3, gamma=1 / a.shape[1], coef0=1)
        return (k.sum() - np.trace(k)) / (len(a) * (len(a) - 1))

    between = polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1).mean()
    return mean_of_pairs(x) + mean_of_pairs(y) - 2 * between


def manifold(real, fake, k):
    def radii(x):
        return NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(x).kneighbors(x)[0][:, k]

    distances = euclidean_distances(real, fake)
    in_real = distances < radii(real)[:, None]
    return {
        "k": k,
        "precision": in_real.any(0).mean(),
        "recall": (distances < radii(fake)[None, :]).any(1).mean(),
        "density": in_real.sum(0).mean() / k,
        "coverage": in_real.any(1).mean(),
    }


def nearest_neighbour(real, fake):
    kinds = np.repeat([0, 1], [len(real), len(fake)])
    right = cross_val_score(KNeighborsClassifier(1), np.vstack([real, fake]), kinds, cv=LeaveOneOut())
    return {"accuracy": right.mean(), "real": right[kinds == 0].mean(), "fake": right[kinds == 1].mean()}


def z_of(x, y):
    u, p = stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False)
    return np.sign(u - len(x) * len(y) / 2) * stats.norm.isf(p / 2)


def nearest(x, among):
    return NearestNeighbors(n_neighbors=1).fit(among).kneighbors(x)[0][:, 0]


def pair(name, real, fake):
    x, y = samples(**real), samples(**fake)
    third = samples(**{**fake, "seed": 9, "rows": 60})
    expected = {
        "frechet": frechet(x, y),
        "kernel": kernel(x, y),
        "manifold": [manifold(x, y, k) for k in (3, 5)],
        "copying": z_of(nearest(y, x), nearest(third, x)),
    }
    if real["distinct"] == real["rows"]:  # with duplicates, who is nearest depends on the search
        expected["nearestNeighbour"] = nearest_neighbour(x, y)
    return {"name": name, "real": real, "fake": fake, "expected": expected}


def spec(seed, rows, columns, rank, distinct=None, mixing=0, shift=0):
    distinct = distinct or rows
    return dict(seed=seed, rows=rows, columns=columns, rank=rank, distinct=distinct, mixing=mixing, shift=shift)


def classifier_score(logits, splits):
    scores = []
    for part in np.split(special.softmax(logits, axis=1), splits):
        scores.append(np.exp(stats.entropy(part, part.mean(0)[None, :], axis=1).mean()))
    confidence = special.softmax(logits, axis=1).max(1).mean()
    return {"mean": np.mean(scores), "deviation": np.std(scores), "confidence": confidence}


def compare(baseline, candidate):
    differences = np.subtract(candidate, baseline)
    interval = stats.bootstrap(
        (differences,), np.mean, n_resamples=200_000, batch=10_000, method="BCa", random_state=1
    ).confidence_interval
    test = stats.permutation_test(
        (candidate, baseline), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    return {"baseline": baseline, "candidate": candidate, "interval": list(interval), "p": test.pvalue}


logits = spec(7, 60, 10, 10)
reference = {
    "source": f"SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}, by tools/metrics-reference.py",
    "pairs": [
        pair("full rank", spec(1, 120, 16, 16), spec(2, 90, 16, 16, shift=0.25)),
        pair("singular covariances", spec(3, 200, 32, 12), spec(4, 150, 32, 20, mixing=1)),
        pair("duplicates and copies", spec(5, 130, 8, 2, distinct=60), spec(5, 70, 8, 2, distinct=40)),
        pair("fewer samples than features", spec(6, 25, 48, 48), spec(7, 30, 48, 48)),
    ],
    "classifier": {"logits": logits, "splits": 4, "expected": classifier_score(samples(**logits), 4)},
    "comparisons": [
        compare([3.1, 2.9, 3.6, 3.3, 2.8, 3.0, 3.9, 3.2], [2.6, 2.8, 2.9, 3.1, 2.7, 2.2, 2.0, 3.0]),
        compare([1.0, 1.5, 1.2, 1.1, 0.9, 1.3], [1.2, 1.4, 1.1, 1.0, 1.1, 3.5]),
    ],
}
target = Path(__file__).parent.parent / "src/metrics/reference.json"
target.write_text(json.dumps(reference, indent=2) + "\n")
