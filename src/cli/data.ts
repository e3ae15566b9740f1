import type { Command } from "commander";
import { addOutputOptions } from "./options.ts";
import { openTerminal } from "./terminal.ts";
import { downloadOptions } from "./train.ts";

interface Flags {
  json?: boolean;
  quiet?: boolean;
}

/** `coordescent data`: list, fetch and check data sets. */
export function addDataCommand(program: Command): void {
  const data = program
    .command("data")
    .description("list, fetch and check data sets")
    .addHelpText("after", "\nExample:\n  npx coordescent data list");
  addOutputOptions(data.command("list", { isDefault: true }).description("list the data sets")).action(list);
  addOutputOptions(data.command("fetch <name>").description("download a data set to the cache of this user")).action(
    fetchData,
  );
  addOutputOptions(
    data
      .command("check <name>")
      .description("check the files of a data set against their SHA-256, or read images of your own as train would"),
  ).action(check);
  for (const command of data.commands) {
    const argument = command.name() === "list" ? "" : " mnist";
    command.exitOverride().addHelpText("after", `\nExample:\n  npx coordescent data ${command.name()}${argument}`);
  }
}

async function list(options: Flags): Promise<void> {
  const { dataSets, dataSetOf } = await import("../runs/data-source.ts");
  const { findMnist } = await import("../data/mnist.ts");
  const rows = Object.entries(dataSets).map(([name, { summary, isOfMnist }]) => {
    return { name, summary, where: isOfMnist ? whereMnistIs(findMnist) : "built in" };
  });
  const width = Math.max(...rows.map(({ name }) => name.length));
  openTerminal(options).result({ dataSets: rows }, [
    ...rows.map(({ name, summary, where }) => `${name.padEnd(width)}  ${summary} - ${where}`),
    `${"PATH".padEnd(width)}  ${dataSetOf("PATH").summary} - a folder of PNG images, an IDX file, packed or not, or an NPY array`,
  ]);
}

function whereMnistIs(find: () => { folder: string } | undefined): string {
  try {
    return find()?.folder ?? "not on this machine: `coordescent data fetch mnist`";
  } catch (error) {
    return (error as Error).message;
  }
}

async function fetchData(name: string, options: Flags): Promise<void> {
  const terminal = openTerminal(options);
  const { dataSets } = await import("../runs/data-source.ts");
  const { checkChoice } = await import("../runs/config.ts");
  const { isOfMnist } = dataSets[checkChoice("data", name, Object.keys(dataSets))]!;
  if (!isOfMnist) {
    terminal.result({ name, folder: null }, [`${name} is built in: there is nothing to fetch.`]);
    return;
  }
  const { ensureMnist } = await import("../data/mnist-download.ts");
  const folder = await ensureMnist(downloadOptions(terminal));
  await verifyMnist(folder);
  terminal.result({ name, folder }, [`${name}: ${folder}`]);
}

async function check(name: string, options: Flags): Promise<void> {
  const terminal = openTerminal(options);
  const known = await checkName("data", name);
  const { dataSetOf, findData } = await import("../runs/data-source.ts");
  const { InputError } = await import("../errors.ts");
  const { findMnist } = await import("../data/mnist.ts");
  if (dataSetOf(known).isOfMnist) {
    const found = findMnist();
    if (!found) throw new InputError(name, "not on this machine. Run `coordescent data fetch mnist`.");
    await verifyMnist(found.folder);
  }
  const { count, fingerprint } = await dataSetOf(known).open(await findData(known));
  const size = count === undefined ? "endless" : `${count.toLocaleString("en")} examples`;
  const result = { name, count: count ?? null, sha256: fingerprint };
  terminal.result(result, [`${name}: good, ${size}, SHA-256 ${fingerprint}`]);
}

/** Reads all four files, each of which is checked against its sum. */
async function verifyMnist(folder: string): Promise<void> {
  const { loadMnist } = await import("../data/mnist.ts");
  await loadMnist({ folder, split: "train" });
  await loadMnist({ folder, split: "test" });
}

/** The data set of a name, or the path of images. Throws ConfigError. */
export async function checkName(what: string, text: string): Promise<string> {
  const { dataNameOf, dataNames, isDataName } = await import("../runs/data-source.ts");
  const { checkChoice } = await import("../runs/config.ts");
  const name = dataNameOf(text);
  return isDataName(name) ? name : checkChoice(what, name, dataNames);
}
