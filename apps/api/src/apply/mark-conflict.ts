/** A mark of ours that somebody else uses too: his packets would go our way, or ours his. */
import { type Marks, markOf } from "@flowmgr/flow-compiler";
import type { Config, Diagnostic } from "@flowmgr/flow-model";
import type { Reading } from "@flowmgr/kernel";

type Marked = keyof Marks;

/**
 * The first mark that is new in `marks` and used by others, as an error at the policy that wants it; null when there
 * is none. A mark that is in force already stays: live connections hang on it.
 */
export function markConflict(
  config: Config,
  marks: Marks,
  inForce: Marks,
  mask: number,
  foreign: Reading["foreignMarks"],
): Diagnostic | null {
  for (const kind of ["directors", "tables"] satisfies Marked[]) {
    for (const [name, index] of Object.entries(marks[kind])) {
      if (inForce[kind][name] === index) continue;
      const mark = markOf(index, mask);
      const other = foreign.find((one) => collides(mark, mask, one));
      if (other) return inUse(config, kind, name, mark, other.where);
    }
  }
  return null;
}

/** Would a packet that carries our mark meet the test of the other, as far as our bits go? */
function collides(ours: number, mask: number, other: { mark: number; mask: number }): boolean {
  const common = mask & other.mask;
  return common !== 0 && ((ours ^ other.mark) & common) === 0;
}

function inUse(config: Config, kind: Marked, name: string, mark: number, where: string): Diagnostic {
  const index = config.items.findIndex((item) => {
    const policy = item.kind === "flow" || item.kind === "outflow" ? item.policy : null;
    return kind === "directors"
      ? policy?.action === "director" && policy.director === name
      : policy?.action === "table" && policy.table === name;
  });
  const item = config.items[index];
  const owner = `${kind === "directors" ? "director" : "table"} ${name}`;
  return {
    code: "mark-in-use",
    severity: "error",
    message: `mark 0x${mark.toString(16)}, the next free one for ${owner}, is used by others: ${where}`,
    help: "free it there, or start with another --mark-mask",
    ...(item && "name" in item && { flow: item.name, path: `/items/${index}/policy` }),
  };
}
