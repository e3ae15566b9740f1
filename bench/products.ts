import { input } from "../src/graph/tensor.ts";
import { compile, type ProgramResult } from "../src/onnx/compile.ts";
import { matMul } from "../src/ops/product.ts";
import type { Program } from "../src/program.ts";

/** [rows, inner size, columns] of a matrix product. */
export type Product = readonly [number, number, number];

const G = [100, 128, 256, 784];
const D = [784, 256, 128, 1];

/** A layer's product, the gradient with respect to its input, and that with respect to its matrix. */
const forward = (widths: readonly number[], rows: number) => layers(widths).map(([i, o]): Product => [rows, i, o]);
const toInput = (widths: readonly number[], rows: number) => layers(widths).map(([i, o]): Product => [rows, o, i]);
const toMatrix = (widths: readonly number[], rows: number) => layers(widths).map(([i, o]): Product => [i, rows, o]);
const layers = (widths: readonly number[]) => widths.slice(1).map((outputs, i) => [widths[i]!, outputs] as const);

/** The matrix products that an iteration cannot do without: one move of D and one of all of G, with the same generated examples. */
export function productsOf(batch: number): Product[] {
  const moveD = [...forward(D, 2 * batch), ...toInput(D, 2 * batch).slice(1), ...toMatrix(D, 2 * batch)];
  const moveG = [...forward(D, batch), ...toInput(D, batch), ...toInput(G, batch).slice(1), ...toMatrix(G, batch)];
  return [...forward(G, batch), ...moveD, ...moveG];
}

/** Floating-point operations of products: a multiplication and an addition for each triple. */
export const flopsOf = (products: readonly Product[]) => products.reduce((sum, [m, k, n]) => sum + 2 * m * k * n, 0);

/** A program that computes products one after the other, and nothing else. */
export function productProgram(products: readonly Product[]): Program {
  const results = products.map(([m, k, n], i): ProgramResult => {
    const tensor = matMul(input(`a${i}`, [m, k], "batch"), input(`b${i}`, [k, n], "batch"));
    return { name: `c${i}`, tensor, role: "sample" };
  });
  return compile("products", results);
}
