/**
 * The golden files: a config, and what the kernel should hold for it, as text that anyone can write.
 *
 * The first line is the title; then the config; then sections: `==> options` (only where they are not the defaults),
 * `==> sets` (only with the option), `==> ip`, `==> ip6`, `==> routing`. `FLOWMGR_GOLDEN=write` with the compiler's
 * tests fills in all but the options.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, checkText } from "@flowmgr/flow-model";
import {
  assignMarks,
  type CompileOptions,
  compile,
  type Program,
  renderFamily,
  renderRouting,
  renderSets,
} from "../src/index.ts";

export type Golden = {
  /** The file's name without `.txt`. */
  name: string;
  title: string;
  /** The config's text. */
  config: string;
  options: CompileOptions;
  sets: string;
  ip: string;
  ip6: string;
  routing: string;
};

export const DEFAULTS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

const FOLDER = join(import.meta.dirname, "golden");

/** All of them, in the order of their names. */
export function loadGoldens(): Golden[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
  return names.sort().map((name) => readGolden(name.slice(0, -".txt".length)));
}

function readGolden(name: string): Golden {
  const [head = "", ...sections] = readFileSync(join(FOLDER, `${name}.txt`), "utf8").split(/^==> /m);
  const split = head.indexOf("\n");
  const section = (wanted: string) => {
    const found = sections.find((text) => text.startsWith(`${wanted}\n`));
    return (found?.slice(wanted.length + 1) ?? "").replace(/\n+$/, "\n").replace(/^\n$/, "");
  };
  return {
    name,
    title: head.slice(0, split),
    config: `${head.slice(split + 1).trim()}\n`,
    options: readOptions(section("options")),
    sets: section("sets"),
    ip: section("ip"),
    ip6: section("ip6"),
    routing: section("routing"),
  };
}

/** `loopback judge`, `jump last`, `ipv6 off`, `defragment off`, `mask 0xff0000`, `sets 3`, `table office 100`: one a line. */
function readOptions(text: string): CompileOptions {
  const options: CompileOptions = { ...DEFAULTS };
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, known, table, number] =
      /^(?:(ipv6 off|defragment off|loopback judge|neighbours judge|jump last|mask 0x[0-9a-f]+|sets \d+)|table (\S+) (\d+))$/.exec(
        line,
      ) ?? [];
    if (table !== undefined) options.tables = { ...options.tables, [table]: Number(number) };
    else if (known === "ipv6 off") options.ipv6 = false;
    else if (known === "defragment off") options.defragment = "off";
    else if (known === "loopback judge") options.loopback = "judge";
    else if (known === "neighbours judge") options.neighbours = "judge";
    else if (known === "jump last") options.jump = "last";
    else if (known?.startsWith("sets ")) options.largeList = Number(known.slice("sets ".length));
    else if (known !== undefined) options.markMask = Number(known.slice("mask ".length));
    else throw new Error(`golden option not understood: ${line}`);
  }
  return options;
}

/** The program of a golden's config, with marks as for a first apply. Throws when the config has errors. */
export function compileGolden(golden: Golden): Program {
  const { name, options } = golden;
  const config = checkedGolden(golden);
  const assigned = assignMarks(config, { directors: {}, tables: {} }, options);
  if ("error" in assigned) throw new Error(`golden ${name}: ${assigned.error.message}`);
  return compile(config, assigned.marks, options);
}

/** A golden's config. Throws when it has errors. */
export function checkedGolden({ name, config: text }: Golden): Config {
  const { config, diagnostics } = checkText(text);
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (wrong) throw new Error(`golden ${name}, line ${wrong.line}: ${wrong.message}`);
  return config;
}

/** The sets of both families, as ipset is told to make them. */
export function setsText(program: Program): string {
  return renderSets(program, "ip") + renderSets(program, "ip6");
}

/** Writes what the compiler gives now into the golden's file; the title, the config and the options stay. */
export function writeGolden(golden: Golden): void {
  const path = join(FOLDER, `${golden.name}.txt`);
  const program = compileGolden(golden);
  const [head = ""] = readFileSync(path, "utf8").split(/^==> (?!options\n)/m);
  const sets = setsText(program);
  const sections = [
    ...(sets === "" ? [] : [["sets", sets]]),
    ["ip", renderFamily(program, "ip")],
    ["ip6", renderFamily(program, "ip6")],
    ["routing", renderRouting(program)],
  ].map(([name, text]) => `==> ${name}\n${text}`);
  writeFileSync(path, [`${head.trim()}\n`, ...sections].join("\n"));
}
