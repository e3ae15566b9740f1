// The GAN of the source document in TensorFlow.js on WebAssembly. Task: adam.
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { serve } from "./serve.mjs";

setWasmPaths(new URL(".", import.meta.resolve("@tensorflow/tfjs-backend-wasm")).pathname);
await tf.setBackend("wasm");
await tf.ready();

/** Matrices and biases of a perceptron. */
function perceptron(widths) {
  return widths.slice(1).flatMap((outputs, i) => {
    const bound = 1 / Math.sqrt(widths[i]);
    return [tf.variable(tf.randomUniform([widths[i], outputs], -bound, bound)), tf.variable(tf.zeros([outputs]))];
  });
}

function forward(P, x, isGenerator) {
  const layer = (y, i) => tf.add(tf.matMul(y, P[2 * i]), P[2 * i + 1]);
  const y = layer(tf.leakyRelu(layer(tf.leakyRelu(layer(x, 0), 0.2), 1), 0.2), 2);
  return isGenerator ? tf.sigmoid(y) : y;
}

const softplus = (x) => tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));

function open(task, batch) {
  if (task !== "adam") throw new Error(`no task ${task}`);
  const [G, D] = [perceptron([100, 128, 256, 784]), perceptron([784, 256, 128, 1])];
  const [adamG, adamD] = [0, 1].map(() => tf.train.adam(2e-4, 0.5, 0.999));
  const data = tf.randomUniform([2000, 784]);
  const iterate = () => {
    const real = tf.gather(data, tf.randomUniform([batch], 0, 2000, "int32"));
    const z = tf.randomNormal([batch, 100]);
    const fake = forward(G, z, true);
    const lossD = () => tf.add(tf.mean(softplus(tf.neg(forward(D, real)))), tf.mean(softplus(forward(D, fake))));
    adamD.minimize(lossD, false, D);
    adamG.minimize(() => tf.mean(softplus(tf.neg(forward(D, forward(G, z, true))))), false, G);
  };
  return async (iterations) => {
    for (let i = 0; i < iterations; i++) tf.tidy(iterate);
    await G[0].data();
  };
}

await serve(`TensorFlow.js ${tf.version.tfjs}, wasm`, open);
