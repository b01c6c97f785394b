/** What the kernel's check of sources drops, told to people. */
import type { HealthLine } from "@flowmgr/flow-api";
import type { Eaten } from "@flowmgr/kernel";

/** What is dropped and why, and the command that lets it pass: it is a setting of the whole machine, so not ours. */
export function droppedBySource({ table, iface, what, set }: Eaten): { message: string; help: string } {
  const message =
    what === "answers"
      ? `IPv4 answers to packets of table ${table} that come in by ${iface} are dropped: the kernel's check of sources (rp_filter) asks the main table, which leads elsewhere`
      : `IPv4 packets of table ${table} that come in by ${iface} are dropped: the kernel's check of sources asks that table too (src_valid_mark), which leads elsewhere`;
  return { message, help: `sysctl -w ${set.join(" ")}` };
}

/** One line of health each. */
export function sourceCheckLines(eaten: readonly Eaten[]): HealthLine[] {
  return eaten.map((one) => {
    const { message, help } = droppedBySource(one);
    return { what: "source check", state: "warning", text: `${message}: ${help}` };
  });
}
