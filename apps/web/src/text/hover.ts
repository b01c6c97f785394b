/** What the word under the pointer means: keywords by their place, values by what they say. */
import type { EditorState } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import {
  ICMP_NAMES,
  networkOf,
  PROTOCOLS,
  parseAddress,
  parseProtocol,
  printAddress,
  printBits,
  rangeOf,
} from "@flowmgr/flow-model";
import { readingAt } from "./completion.ts";
import { type Reading, readWord } from "./grammar.ts";
import { helpFor } from "./words.ts";

/** Says what a list holds, by its name; null for one that the draft does not have. */
export type ListHelp = (name: string) => string | null;

export type Help = { from: number; to: number; text: string };

/** The help for what stands at a position; null where there is none. */
export function helpAt(state: EditorState, position: number, list: ListHelp): Help | null {
  const line = state.doc.lineAt(position);
  const at = position - line.from;
  const comment = line.text.indexOf("#");
  for (const { 0: word, index } of line.text.matchAll(/[^\s{},#]+/g)) {
    if (index > at || index + word.length < at) continue;
    if (comment >= 0 && comment < index) return null;
    const from = line.from + index;
    const text = meaningOf(word, readingAt(state, from), list);
    return text === null ? null : { from, to: from + word.length, text };
  }
  return null;
}

/** A flow that is called `match` is no verb: the place decides. */
function meaningOf(word: string, before: Reading, list: ListHelp): string | null {
  const { kind } = before;
  const read = readWord({ ...before }, word);
  if (read === "value") {
    if (word.startsWith("@")) return list(word.slice(1));
    return kind === null || before.place === "list-value" ? addressHelp(word) : valueHelp(word, before);
  }
  if (read === "name" || read === "unknown") return null;
  // Behind `director` stands a name that may be a keyword.
  if (before.place === "director" || before.place === "table") return null;
  return helpFor(word, before.place);
}

function valueHelp(word: string, { kind, protocols }: Reading): string | null {
  if (kind === "src" || kind === "dst") return addressHelp(word);
  if (kind === "proto") {
    const number = parseProtocol(word);
    const known = "ok" in number ? PROTOCOLS.find((one) => one.number === number.ok) : undefined;
    return known ? `${known.title}, protocol ${known.number} (${known.source})` : null;
  }
  if (kind !== "icmptype") return null;
  const family = protocols.includes("icmp6") ? 6 : 4;
  const named = ICMP_NAMES[family].find(([name]) => name === word);
  if (!named) return null;
  const [, type, code] = named;
  return `ICMP type ${type}${code === undefined ? "" : `, code ${code}`}, IPv${family}`;
}

/** From where to where a network goes, and how many addresses that is. */
function addressHelp(word: string): string | null {
  const read = parseAddress(word);
  if ("error" in read) return null;
  const { low, high } = rangeOf(read.ok);
  if (low === high) return null;
  const { family } = read.ok;
  const size = high - low + 1n;
  const count = size <= 1n << 32n ? size.toLocaleString("en") : `2^${size.toString(2).length - 1}`;
  const network = read.ok.hostBits ? `the network ${printAddress(networkOf(read.ok))}, ` : "";
  return `${network}${printBits(family, low)} to ${printBits(family, high)}: ${count} addresses`;
}

export function wordHelp(list: ListHelp) {
  return hoverTooltip((view, position) => {
    const help = helpAt(view.state, position, list);
    if (!help) return null;
    return {
      pos: help.from,
      end: help.to,
      create: () => {
        const dom = document.createElement("p");
        dom.className = "cm-word-help";
        dom.textContent = help.text;
        return { dom };
      },
    };
  });
}
