/** What conntrack says of a packet. */
import { type Parsed, quote, refuse } from "./value.ts";

export const STATES = ["new", "established", "related", "invalid", "untracked"] as const;

export type State = (typeof STATES)[number];

const CODE = "bad-state";

/** One of conntrack's states, in lower case. */
export function parseState(text: string): Parsed<State> {
  const lower = text.toLowerCase();
  const state = STATES.find((one) => one === lower);
  if (state && state === text) return { ok: state };
  const help = `write ${state ?? STATES.join(", ")}`;
  return refuse(CODE, `${quote(text)} is not a state of conntrack`, help);
}
