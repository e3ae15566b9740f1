"""Writes src/conformance/minimisation-lasso-reference.ts: solutions of scikit-learn that the oracle T17 compares with.

Run with /usr/bin/python3 tools/lasso-reference.py (apt-get install python3-sklearn), then
npx biome check --write src/conformance/minimisation-lasso-reference.ts.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import Lasso

rng = np.random.default_rng(1)
rows, columns = 12, 6
A = rng.standard_normal((rows, columns)) @ (np.eye(columns) + 0.4)
A *= np.sqrt(rows) / np.linalg.norm(A, axis=0)  # every coordinate has L = 1
b = A @ np.array([2, 0, -1, 0, 0, 0.5]) + 0.3 * rng.standard_normal(rows)
largest = np.abs(A.T @ b).max() / rows
alphas = [0.5 * largest, 0.1 * largest, 0.01 * largest]
solutions = [
    Lasso(alpha=alpha, fit_intercept=False, tol=1e-15, max_iter=10**6).fit(A, b).coef_.tolist() for alpha in alphas
]
reference = {
    "A": A.tolist(),
    "b": b.tolist(),
    "alphas": alphas,
    "solutions": solutions,
}
target = Path(__file__).parent.parent / "src/conformance/minimisation-lasso-reference.ts"
source = f"scikit-learn {sklearn.__version__}, Lasso(fit_intercept=False, tol=1e-15), by tools/lasso-reference.py"
target.write_text(f"/** Lassos solved by {source}. */\nexport const lassoReference = {json.dumps(reference)} as const;\n")
