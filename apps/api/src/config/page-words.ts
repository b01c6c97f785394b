/** A config in the words of the original page. */
import { type Config, type Diagnostic, locate, type Places } from "@flowmgr/flow-model";
import { exportPageWords } from "@flowmgr/flow-model/exchange";
import { Problem } from "../problem.ts";

/** Throws Problem 422 with all that cannot be said, each at its place in the body. */
export function inPageWords(config: Config, places: Places = new Map()): { text: string; config: Config } {
  const said = exportPageWords(config);
  if (said.text !== null) return said;
  throw wordless(locate(said.diagnostics, places));
}

function wordless(diagnostics: Diagnostic[]): Problem {
  const [first, ...more] = diagnostics;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  return new Problem({
    status: 422,
    code: "no-page-words",
    title: "The original page has no words for this config",
    detail: `${first?.flow}${first?.rule === undefined ? "" : `, rule ${first.rule}`}: ${first?.message}${others}`,
    diagnostics,
  });
}
