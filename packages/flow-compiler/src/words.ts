/** Small pieces of iptables' language, and values that `check` has passed. */
import type { Parsed } from "@flowmgr/flow-model";

/** Joins what is not empty: a whole rule from its parts. A loop, because it runs for each of 100 000 rules. */
export function join(...parts: string[]): string {
  let words = "";
  for (const part of parts) if (part !== "") words += words === "" ? part : ` ${part}`;
  return words;
}

/** iptables' negation, which stands before the option. */
export const bang = (not: boolean) => (not ? "! " : "");

/** What a text says. `check` refuses a config with bad values before it comes here. */
export function readValue<T>(parsed: Parsed<T>): T {
  if ("ok" in parsed) return parsed.ok;
  throw new Error(`a bad value came to compile: ${parsed.error.message}`);
}
