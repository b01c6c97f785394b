import type { Status } from "@flowmgr/flow-api";

/** Why no packet can be sent here at all; null when it can. */
export function reasonNot({ target, running }: Pick<Status, "target" | "running">): string | null {
  if (target.kind === "host") {
    return "Not sent: rules act on this machine's own network, and packets are made up in a private namespace only.";
  }
  return running ? null : "Not sent: nothing is in force yet.";
}
