/** Plain float64 kernels of the operators, written to be read: the definition that other runtimes are checked against. */

/** An array of numbers; conditions are 0 and 1. */
export interface Dense {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Attributes as they stand in the model. */
export type KernelAttributes = Readonly<Record<string, number | readonly number[]>>;
/** Computes one operator. */
export type Kernel = (inputs: readonly Dense[], attributes: KernelAttributes) => Dense;

/** Every kernel, by the name of its operator. */
export const kernels: Readonly<Record<string, Kernel>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Greater: binary((a, b) => (a > b ? 1 : 0)),
  Less: binary((a, b) => (a < b ? 1 : 0)),
  Equal: binary((a, b) => (a === b ? 1 : 0)),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Abs: unary(Math.abs),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: unary((x) => Math.max(x, 0)),
  LeakyRelu: ([x], { alpha }) => unary((value) => (value > 0 ? value : (alpha as number) * value))([x!], {}),
  Identity: unary((x) => x),
  Floor: unary(Math.floor),
  Cast: unary(Math.trunc),
  Gather: ([x, numbers], attributes) => {
    const axis = attributes.axis as number;
    const shape = x!.shape.map((size, i) => (i === axis ? numbers!.values.length : size));
    return gathered(shape, x!, (index) => index.map((k, i) => (i === axis ? numbers!.values[k]! : k)));
  },
  TopK: ([x, k]) => dense([k!.values[0]!], (i) => x!.values.toSorted((a, b) => b - a)[i]!),
  Where: ([condition, a, b]) => {
    const shape = stretched(condition!.shape, stretched(a!.shape, b!.shape));
    const [c, x, y] = [condition!, a!, b!].map((t) => expanded(t, shape).values);
    return dense(shape, (i) => (c![i] !== 0 ? x![i]! : y![i]!));
  },
  Clip: ([x, low, high]) => unary((value) => Math.min(Math.max(value, low!.values[0]!), high!.values[0]!))([x!], {}),
  ReduceSum: reduction(0, (sum, x) => sum + x),
  ReduceMean: ([x, axes], attributes) => {
    const sum = kernels.ReduceSum!([x!, axes!], attributes);
    return dense(sum.shape, (i) => (sum.values[i]! * sum.values.length) / x!.values.length);
  },
  ReduceMax: reduction(Number.NEGATIVE_INFINITY, Math.max),
  Expand: ([x, shape]) => expanded(x!, stretched(x!.shape, [...shape!.values])),
  Reshape: ([x, shape]) => ({ shape: [...shape!.values], values: x!.values }),
  Transpose: ([x], { perm }) => {
    const order = perm as number[];
    return gathered(
      order.map((axis) => x!.shape[axis]!),
      x!,
      (index) => order.map((_, axis) => index[order.indexOf(axis)]!),
    );
  },
  Concat: (inputs, attributes) => {
    const axis = attributes.axis as number;
    const sizes = inputs.map((t) => t.shape[axis]!);
    const shape = inputs[0]!.shape.map((size, i) => (i === axis ? sizes.reduce((a, b) => a + b) : size));
    return dense(shape, (i) => {
      const index = indexOf(i, shape);
      let part = 0;
      for (; index[axis]! >= sizes[part]!; part++) index[axis]! -= sizes[part]!;
      return at(inputs[part]!, index);
    });
  },
  Slice: ([x, starts, ends, axes]) => {
    const axis = axes!.values[0]!;
    const start = starts!.values[0]!;
    const shape = x!.shape.map((size, i) => (i === axis ? ends!.values[0]! - start : size));
    return gathered(shape, x!, (index) => index.map((k, i) => (i === axis ? k + start : k)));
  },
  Pad: ([x, pads]) => {
    const rank = x!.shape.length;
    const shape = x!.shape.map((size, i) => pads!.values[i]! + size + pads!.values[rank + i]!);
    return dense(shape, (i) => {
      const index = indexOf(i, shape).map((k, axis) => k - pads!.values[axis]!);
      return index.every((k, axis) => k >= 0 && k < x!.shape[axis]!) ? at(x!, index) : 0;
    });
  },
  Gemm: ([a, b, c], { transA, transB }) => {
    const product = kernels.MatMul!([transA ? transposed(a!) : a!, transB ? transposed(b!) : b!], {});
    return c ? kernels.Add!([product, c], {}) : product;
  },
  MatMul: ([a, b]) => {
    const [m, k, n] = [a!.shape.at(-2)!, a!.shape.at(-1)!, b!.shape.at(-1)!];
    const batch = stretched(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    const [x, y] = [expanded(a!, [...batch, m, k]).values, expanded(b!, [...batch, k, n]).values];
    return dense([...batch, m, n], (i) => {
      const [matrix, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
      let sum = 0;
      for (let j = 0; j < k; j++) sum += x[(matrix * m + row) * k + j]! * y[(matrix * k + j) * n + column]!;
      return sum;
    });
  },
  Conv: ([x, w, bias], attributes) => {
    const { strides, pads, dilations } = attributes as Record<string, number[]>;
    const sizes = [0, 1].map((i) => {
      const room = x!.shape[2 + i]! + pads![i]! + pads![2 + i]! - dilations![i]! * (w!.shape[2 + i]! - 1) - 1;
      return Math.floor(room / strides![i]!) + 1;
    });
    const y = dense([x!.shape[0]!, w!.shape[0]!, ...sizes], () => 0);
    eachProduct(x!.shape, w!.shape, y.shape, attributes, (i, k, j) => {
      y.values[j]! += x!.values[i]! * w!.values[k]!;
    });
    return biased(y, bias);
  },
  ConvTranspose: ([y, w, bias], attributes) => {
    const { strides, pads, dilations, output_padding: extra } = attributes as Record<string, number[]>;
    const sizes = [0, 1].map((i) => {
      const whole = strides![i]! * (y!.shape[2 + i]! - 1) + dilations![i]! * (w!.shape[2 + i]! - 1) + 1;
      return whole + extra![i]! - pads![i]! - pads![2 + i]!;
    });
    const x = dense([y!.shape[0]!, w!.shape[1]!, ...sizes], () => 0);
    eachProduct(x.shape, w!.shape, y!.shape, attributes, (i, k, j) => {
      x.values[i]! += y!.values[j]! * w!.values[k]!;
    });
    return biased(x, bias);
  },
};

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function dense(shape: readonly number[], value: (index: number) => number): Dense {
  return { shape, values: Float64Array.from({ length: sizeOf(shape) }, (_, i) => value(i)) };
}

/** Visits what a convolution from x to y with the kernel w multiplies and adds up: the numbers of the elements of x, w and y. */
function eachProduct(
  [N, C, H, W]: readonly number[],
  [O, , K, L]: readonly number[],
  [, , h, v]: readonly number[],
  attributes: KernelAttributes,
  visit: (x: number, w: number, y: number) => void,
): void {
  const { strides, pads, dilations } = attributes as Record<string, number[]>;
  const products = [N!, O!, h!, v!, C!, K!, L!];
  for (let number = 0; number < sizeOf(products); number++) {
    const [n, o, i, j, c, k, l] = indexOf(number, products) as [number, number, number, number, number, number, number];
    const row = strides![0]! * i + dilations![0]! * k - pads![0]!;
    const column = strides![1]! * j + dilations![1]! * l - pads![1]!;
    if (row < 0 || row >= H! || column < 0 || column >= W!) continue;
    visit(((n * C! + c) * H! + row) * W! + column, ((o * C! + c) * K! + k) * L! + l, ((n * O! + o) * h! + i) * v! + j);
  }
}

/** Images [N, C, H, W] with a number added to each channel. */
function biased(images: Dense, bias: Dense | undefined): Dense {
  return bias ? kernels.Add!([images, { shape: [bias.shape[0]!, 1, 1], values: bias.values }], {}) : images;
}

/** The multi-dimensional index of element number `i`. */
function indexOf(i: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** The element at an index; axes of size 1 are stretched and missing leading axes ignored. */
function at({ shape, values }: Dense, index: readonly number[]): number {
  const skip = index.length - shape.length;
  let i = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    i = i * shape[axis]! + (shape[axis] === 1 ? 0 : index[axis + skip]!);
  }
  return values[i]!;
}

function gathered(shape: readonly number[], source: Dense, from: (index: number[]) => number[]): Dense {
  return dense(shape, (i) => at(source, from(indexOf(i, shape))));
}

function expanded(x: Dense, shape: readonly number[]): Dense {
  return gathered(shape, x, (index) => index);
}

function transposed(x: Dense): Dense {
  return gathered([...x.shape].reverse(), x, (index) => index.reverse());
}

function stretched(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    return x === 1 ? (b[axis - rank + b.length] ?? 1) : x;
  });
}

function unary(f: (x: number) => number): Kernel {
  return ([x]) => ({ shape: x!.shape, values: x!.values.map(f) });
}

function binary(f: (a: number, b: number) => number): Kernel {
  return ([a, b]) => {
    const shape = stretched(a!.shape, b!.shape);
    const [x, y] = [expanded(a!, shape).values, expanded(b!, shape).values];
    return dense(shape, (i) => f(x[i]!, y[i]!));
  };
}

function reduction(start: number, f: (result: number, x: number) => number): Kernel {
  return ([x, axes], { keepdims }) => {
    const reduced = new Set(axes!.values);
    const kept = x!.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
    const values = new Float64Array(sizeOf(kept)).fill(start);
    for (let i = 0; i < x!.values.length; i++) {
      const index = indexOf(i, x!.shape);
      let target = 0;
      for (let axis = 0; axis < kept.length; axis++)
        target = target * kept[axis]! + (kept[axis] === 1 ? 0 : index[axis]!);
      values[target] = f(values[target]!, x!.values[i]!);
    }
    return { shape: keepdims ? kept : x!.shape.filter((_, axis) => !reduced.has(axis)), values };
  };
}
