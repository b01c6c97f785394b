/**
 * Rules in the machine's own network are agreed to once, by a person who was told what will be touched. The yes is a
 * file in the data directory: it goes with what was applied, and whoever takes the directory away is asked again.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOOK_COMMENT, OUR_PRIORITY, OUR_PROTOCOL, OUR_TABLES, OWN_CHAINS } from "@flowmgr/flow-compiler";
import { HOOKED, LOCKS } from "@flowmgr/kernel";
import type { Settings } from "./settings.ts";

const agreementOf = (data: string): string => join(data, "host-agreed");

/** What `--target host` touches, for people: from the constants by which the code knows its own objects. */
export function touchedOnHost({ data }: Settings): string {
  const chains = Object.values(OWN_CHAINS);
  return [
    "--target host: rules go into this machine's own network. flowmgr will touch there",
    "  the mangle table of iptables and ip6tables, and no other table:",
    `    chains of its own: ${chains.join(", ")}, the same names with a dash and more (${chains[0]}-...), and @FLOW`,
    `    one jump to them in each of ${HOOKED.join(", ")}, with the comment ${HOOK_COMMENT}`,
    `  ip rules of its own: protocol ${OUR_PROTOCOL}, priority ${OUR_PRIORITY}`,
    `  local routes of its own by lo: in the routing tables ${OUR_TABLES.first} to ${OUR_TABLES.last}`,
    `  files: ${data}, ${LOCKS}`,
    "It changes no chain, rule, route or setting of others.",
    "A wrong config can cut you off; an apply that is not confirmed goes back by itself.",
  ].join("\n");
}

/** Whether rules may go where the settings say without asking anybody. */
export function isAgreed({ target, yes, data }: Settings): boolean {
  return target.kind !== "host" || yes || existsSync(agreementOf(data));
}

/**
 * Remembers the yes, once a start with it has made the data directory. Gives why it could not, in a sentence: a full
 * disk is no reason to end a server that runs.
 */
export function rememberAgreement(settings: Settings): string | null {
  const file = agreementOf(settings.data);
  if (settings.target.kind !== "host" || existsSync(file)) return null;
  try {
    writeFileSync(file, `${touchedOnHost(settings)}\n`, { mode: 0o600 });
    return null;
  } catch (error) {
    // Half a file would count as a whole yes, which it is; but it should say to what.
    rmSync(file, { force: true });
    return `the next start asks again, since the yes cannot be kept: ${error instanceof Error ? error.message : error}`;
  }
}
