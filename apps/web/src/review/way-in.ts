/** What an admin should know of the own way in before keeping rules. */
import type { Status } from "@flowmgr/flow-api";

/** One or two sentences; null where the page itself, which answers from another machine, is the proof. */
export function wayIn({ target, you }: Pick<Status, "target" | "you">): string | null {
  if (target.kind === "namespace") return "These rules are in a private namespace and touch nobody's way in.";
  if (!you.indirect) return null;
  return (
    "You are here through loopback or a proxy: that this page answers proves nothing about your own way in. " +
    "Open a new SSH session to the machine before you keep them."
  );
}
