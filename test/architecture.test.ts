import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** TypeScript files under a folder of the repository, without tests. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .sort();
}

interface Import {
  /** The file that imports, from the root of the repository. */
  readonly file: string;
  /** A file from the root of the repository, or the name of a package. */
  readonly target: string;
  /** Whether nothing of it is left when the program runs. */
  readonly isOfTypes: boolean;
}

/** Imports, re-exports and dynamic imports of a file, as the formatter writes them. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = text.matchAll(
    /^(?:import|export)( type)? (?:[\w*{][^;"]* from )?"([^"\n]+)";|\bimport\("([^"\n]+)"\)/gm,
  );
  return [...statements].map(([, type, named, dynamic]) => {
    const name = named ?? dynamic!;
    const target = name.startsWith(".") ? normalize(join(dirname(file), name)).replaceAll("\\", "/") : name;
    return { file, target, isOfTypes: type !== undefined };
  });
}

/** `graph` of `src/graph/tensor.ts`, `errors` of `src/errors.ts`, and the name of a package. */
function partOf(target: string): string {
  const [, part = ""] = /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(target) ?? [];
  return part || target;
}

const sources = sourcesIn("src");
const imports = sources.flatMap(importsOf);
const show = ({ file, target }: Import) => `${file} imports ${target}`;

const compilerHalf = ["graph", "ops", "autodiff", "wasm", "onnx", "nn", "optim", "descent", "gan"];
const base = ["errors", "random", "program", "plan"];

/** What each part of src may import besides itself; parts that are absent may import everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  awaitable: [],
  errors: [],
  random: ["wasm"],
  program: [],
  plan: ["program", "random"],
  version: [],
  graph: ["errors", "program"],
  ops: ["errors", "program", "graph"],
  autodiff: ["errors", "program", "graph", "ops"],
  wasm: ["program", "graph"],
  onnx: ["errors", "program", "graph", "ops", "wasm"],
  nn: ["errors", "program", "graph", "ops", "autodiff"],
  optim: ["errors", "plan", "program", "graph", "ops", "autodiff", "nn"],
  descent: ["errors", "random", "plan", "program", "graph", "ops", "autodiff", "nn", "optim", "onnx"],
  gan: ["errors", "plan", "program", "graph", "ops", "autodiff", "nn", "optim", "onnx", "descent"],
  data: [...base, "wasm"],
  metrics: base,
  runtime: [...base, "awaitable", "wasm"],
  evaluation: [...base, "metrics", "graph", "ops", "nn", "onnx", "data", "runtime"],
  train: [...base, "awaitable", "data", "runtime"],
};
/** Packages and Node modules, where the part may import any. */
const outside: Readonly<Record<string, readonly RegExp[]>> = {
  data: [/^node:/, /^fast-png$/],
  metrics: [/^ml-matrix$/],
  evaluation: [/^node:(crypto|fs|url)$/],
  runtime: [/^node:/, /^onnxruntime-(node|web)/, /^koffi$/],
};

describe("imports", () => {
  test("are found", () => {
    expect(imports.length).toBeGreaterThan(sources.length);
    expect(imports.map(show)).toContain("src/graph/graph.ts imports src/graph/tensor.ts");
    expect(imports.map(show)).toContain("src/runtime/open.ts imports src/runtime/node.ts");
    for (const { target } of imports) if (target.startsWith("src/")) expect(sources).toContain(target);
  });

  test.each(Object.entries(allowed))("of %s are of itself and of %j", (part, others) => {
    const isAllowed = ({ target }: Import) =>
      [part, ...others].includes(partOf(target)) || (outside[part] ?? []).some((pattern) => pattern.test(target));
    expect(imports.filter((i) => partOf(i.file) === part && !isAllowed(i)).map(show)).toEqual([]);
  });

  test("of the library entry are nobody's, and of commands only those of commands", () => {
    expect(imports.filter(({ target }) => target === "src/index.ts").map(show)).toEqual([]);
    expect(imports.filter(({ file, target }) => partOf(target) === "cli" && partOf(file) !== "cli").map(show)).toEqual(
      [],
    );
  });

  test("of ONNX Runtime are in two files", () => {
    const users = imports.filter(({ target }) => target.startsWith("onnxruntime-"));
    expect([...new Set(users.map(({ file, target }) => `${file} ${target.split("/")[0]}`))].sort()).toEqual([
      "src/runtime/node.ts onnxruntime-node",
      "src/runtime/web.ts onnxruntime-web",
    ]);
  });

  test("make no cycle, of types neither", () => {
    expect(cycles(sources, imports)).toEqual([]);
  });
});

/** Paths from a file back to itself, found by depth-first search. */
function cycles(files: readonly string[], edges: readonly Pick<Import, "file" | "target">[]): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const edge of edges) if (edge.file === file) visit(edge.target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}

test("cycles are found where there are some", () => {
  const edges = ["ab", "bc", "ca", "cd", "dd"].map(([file, target]) => ({ file: file!, target: target! }));
  expect(cycles(["a", "b", "c", "d"], edges)).toEqual(["a -> b -> c -> a", "d -> d"]);
});

test("every folder has a row above, or is one of those that may import everything", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rows = [...Object.keys(allowed), "conformance", "runs", "cli"];
  expect(folders.map(({ name }) => name).filter((name) => !rows.includes(name))).toEqual([]);
});

test("no folder is a drawer for odds and ends", () => {
  const folders = ["src", "test", "bench", "examples", "studio"].flatMap((folder) => {
    try {
      return readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.isDirectory() && !entry.parentPath.includes("node_modules"),
      );
    } catch {
      return []; // not every folder is there yet
    }
  });
  expect(folders.map(({ name }) => name).filter((name) => /^(utils?|helpers?|core|common|misc)$/i.test(name))).toEqual(
    [],
  );
});

test("what is computed depends on no clock and on no random numbers but our own", () => {
  const pure = [...compilerHalf, ...base, "data", "metrics", "evaluation", "train"];
  const impure = sources
    .filter((file) => pure.includes(partOf(file)))
    .flatMap((file) =>
      [
        ...readFileSync(join(root, file), "utf8").matchAll(
          /Math\.random|Date\.now|new Date|performance\.now|crypto\.getRandom/g,
        ),
      ]
        .filter(([use]) => !(use === "performance.now" && partOf(file) === "train"))
        .map(([use]) => `${file} uses ${use}`),
    );
  expect(impure).toEqual([]);
});
