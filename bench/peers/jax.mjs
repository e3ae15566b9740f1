// The GAN of the source document in jax-js on WebAssembly, both steps compiled. Task: adam.
import { readFileSync } from "node:fs";
import { fillNormal, serve } from "./serve.mjs";

globalThis.navigator ??= { hardwareConcurrency: 2 }; // Node has it from 21 on
const { blockUntilReady, defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = await import("@jax-js/jax");
await init();
defaultDevice("wasm");

const zeros = (P) => P.map(({ shape }) => np.zeros(shape));

/** Matrices and biases of a perceptron. */
function perceptron(widths) {
  return widths.slice(1).flatMap((outputs, i) => {
    const bound = 1 / Math.sqrt(widths[i]);
    const values = Float32Array.from({ length: widths[i] * outputs }, () => (2 * Math.random() - 1) * bound);
    return [np.array(values).reshape([widths[i], outputs]), np.zeros([outputs])];
  });
}

/** Reads each weight once and gives up `x`, as functions of jax-js do. */
function forward(P, x, isGenerator) {
  const leaky = (y) => np.maximum(y.ref, y.mul(0.2));
  const hidden = [0, 1].reduce((y, i) => leaky(np.dot(y, P[2 * i]).add(P[2 * i + 1])), x);
  const y = np.dot(hidden, P[4]).add(P[5]);
  return isGenerator ? nn.sigmoid(y) : y;
}

function adam(P, gradients, m, v) {
  const next = P.map((p, i) => {
    const mNext = m[i].mul(0.5).add(gradients[i].ref.mul(0.5));
    const vNext = v[i].mul(0.999).add(np.square(gradients[i]).mul(0.001));
    return [p.sub(mNext.ref.mul(2e-4).div(np.sqrt(vNext.ref).add(1e-8))), mNext, vNext];
  });
  return [0, 1, 2].map((k) => next.map((each) => each[k]));
}

const stepD = jit((G, D, m, v, x, z) => {
  const fake = forward(G, z, true);
  const loss = (P) =>
    nn
      .softplus(forward(tree.ref(P), x.ref, false).mul(-1))
      .mean()
      .add(nn.softplus(forward(P, fake.ref, false)).mean());
  const [value, gradients] = valueAndGrad(loss)(tree.ref(D));
  fake.dispose();
  x.dispose();
  return [value, ...adam(D, gradients, m, v)];
});

const stepG = jit((G, D, m, v, z) => {
  const loss = (P) => nn.softplus(forward(tree.ref(D), forward(P, z.ref, true), false).mul(-1)).mean();
  const [value, gradients] = valueAndGrad(loss)(tree.ref(G));
  tree.dispose(D);
  z.dispose();
  return [value, ...adam(G, gradients, m, v)];
});

function open(task, batch) {
  if (task !== "adam") throw new Error(`no task ${task}`);
  let [G, D] = [perceptron([100, 128, 256, 784]), perceptron([784, 256, 128, 1])];
  let [mG, vG, mD, vD] = [zeros(G), zeros(G), zeros(D), zeros(D)];
  let loss;
  const data = Float32Array.from({ length: 2000 * 784 }, Math.random);
  return async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const [x, z] = [new Float32Array(batch * 784), new Float32Array(batch * 100)]; // jax-js keeps them
      fillNormal(z);
      for (let row = 0; row < batch; row++) {
        const at = 784 * Math.floor(2000 * Math.random());
        x.set(data.subarray(at, at + 784), row * 784);
      }
      const latents = np.array(z).reshape([batch, 100]);
      [loss, D, mD, vD] = stepD(tree.ref(G), D, mD, vD, np.array(x).reshape([batch, 784]), latents.ref);
      loss.dispose();
      [loss, G, mG, vG] = stepG(G, tree.ref(D), mG, vG, latents);
      loss.dispose();
      await blockUntilReady(G); // faster than to run ahead
    }
  };
}

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.resolve("@jax-js/jax"))));
await serve(`jax-js ${version}, wasm`, open);
