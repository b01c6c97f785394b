/** Verdicts to choose from: those without a name, and each director and table that the config or the machine has. */
import type { Verdict } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import { type Config, type Expect, flowsOf, parseTable } from "@flowmgr/flow-model";

/** As an expectation says it: a table by the name or number that is written. */
export type SaidVerdict = Expect["verdict"];

/** `permit`, `director maildirect`, `table 100`: as the language writes it. */
export function verdictText(verdict: SaidVerdict): string {
  if (verdict.action === "director") return `director ${verdict.director}`;
  return verdict.action === "table" ? `table ${verdict.table}` : verdict.action;
}

/** The verdict that `verdictText` wrote; null for another text. */
export function verdictOf(text: string): SaidVerdict | null {
  const [action, name = ""] = text.split(" ");
  if (action === "permit" || action === "deny" || action === "undecided") return { action };
  if (name === "") return null;
  if (action === "director") return { action, director: name };
  return action === "table" ? { action, table: name } : null;
}

/** Texts to choose from, `now` among them whatever it is. */
export function verdictChoices(config: Config, status: Status | undefined, now: string | null): string[] {
  const used = flowsOf(config).flatMap(({ policy }) =>
    policy?.action === "director" || policy?.action === "table" ? [verdictText(policy)] : [],
  );
  const known = (status?.directors ?? []).map(({ name }) => `director ${name}`);
  const named = [...used, ...known].sort();
  return [...new Set(["permit", "deny", ...named, ...(now ? [now] : []), "undecided"])];
}

/** A packet's verdict as an expectation says it: a table by its number. */
export function saidVerdict({ action, director, table }: Verdict): SaidVerdict {
  if (action === "director") return { action, director: director ?? "" };
  return action === "table" ? { action, table: String(table ?? "") } : { action };
}

/** The verdict as a packet gets it: tables by number. A table that has none here is none. */
export function asGiven(verdict: SaidVerdict, status: Pick<Status, "tables"> | undefined) {
  if (verdict.action !== "table") return verdict;
  const read = parseTable(verdict.table);
  const named = status?.tables.find(({ name }) => name === verdict.table)?.number;
  const table = "ok" in read && "number" in read.ok ? read.ok.number : named;
  return table === undefined ? { action: verdict.action } : { action: verdict.action, table };
}
