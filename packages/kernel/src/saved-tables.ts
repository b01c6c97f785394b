/**
 * The tables of iptables as its own tool prints them. In the nft back end others may have put rules into them by nft
 * that iptables has no words for: then the tool leaves a table out, with exit status 0, or stops in the middle.
 */
import type { Tools } from "./capabilities.ts";
import { Refusal } from "./errors.ts";
import { complaint, type Ran, succeeded } from "./run.ts";
import { parseSave, type SavedTable } from "./save.ts";
import type { Target } from "./target.ts";

export type Tables = {
  /** Those that were asked for and could be read; mangle also for itself, empty when there is none. */
  tables: SavedTable[];
  mangle: SavedTable;
  /** What could not be read, as a sentence; null when everything was. */
  unread: string | null;
};

/**
 * Reads mangle, or all tables. Throws Refusal when mangle cannot be read whole: what is not seen there might be ours.
 * Any other table is only told of. What is as in `known` is the same value (`parseSave`).
 */
export async function readTables(
  target: Target,
  tools: Tools,
  which: "mangle" | "all",
  known: readonly SavedTable[] = [],
): Promise<Tables> {
  const save = [...tools.read, "-c"];
  if (which === "mangle") {
    const tables = mustBeWhole(tools, await target.run([...save, "-t", "mangle"]), known);
    return { tables, mangle: mangleOf(tables), unread: null };
  }
  const ran = await target.run(save);
  const all = parseSave(ran.stdout, known);
  if (succeeded(ran) && isWhole(ran.stdout) && leftOut(ran.stdout) === null)
    return { tables: all, mangle: mangleOf(all), unread: null };
  const { mangle } = await readTables(target, tools, "mangle", known);
  const others = all.filter(({ name }) => name !== "mangle");
  const unread = `${tools.save[0]} cannot print all tables (${whyNot(ran)}); marks that rules of others use there are not known`;
  return { tables: [...others, mangle], mangle, unread };
}

/** One of several base chains that iptables does not know is only not printed; this is about the whole table. */
const LEFT_OUT = /^# Table `\S+' is incompatible.*$/m;

function leftOut(text: string): string | null {
  // Nine megabytes are searched for a word in a fraction of the time that lines take.
  if (!text.includes("' is incompatible")) return null;
  return LEFT_OUT.exec(text)?.[0].replace(/^# /, "") ?? null;
}

/** A tool may say that all went well and have said half of it: then it is not believed. Nothing is a whole too. */
function isWhole(text: string): boolean {
  for (let end = text.length; end > 0; ) {
    const begin = text.lastIndexOf("\n", end - 1) + 1;
    const line = text.slice(begin, end);
    if (line !== "" && !line.startsWith("#")) return line === "COMMIT";
    end = begin - 1;
  }
  return true;
}

function mustBeWhole(tools: Tools, ran: Ran, known: readonly SavedTable[]): SavedTable[] {
  const isByNft = leftOut(ran.stdout) !== null || ran.stderr.includes("Parsing nftables rule failed");
  const whole = isWhole(ran.stdout) && /^\*mangle$/m.test(ran.stdout);
  if (succeeded(ran) && whole && !isByNft) return parseSave(ran.stdout, known);
  const broken = succeeded(ran) ? `${tools.save[0]} did not print table mangle whole` : complaint(ran);
  const said = isByNft ? byNft(tools, whyNot(ran)) : broken;
  throw new Refusal(said, tools.family, null, said);
}

const whyNot = (ran: Ran): string => leftOut(ran.stdout) ?? complaint(ran);

const byNft = ({ save, family }: Tools, why: string): string =>
  `${save[0]} cannot print table mangle, which holds a rule made by nft that iptables has no words for (${why}); "nft list table ${family} mangle" shows it: move it to a table of its own`;

function mangleOf(tables: readonly SavedTable[]): SavedTable {
  return tables.find(({ name }) => name === "mangle") ?? { name: "mangle", chains: new Map() };
}
