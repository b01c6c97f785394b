/** The forms in which a config leaves the page. */
import { type Config, type Diagnostic, print } from "@flowmgr/flow-model";
import { exportPageWords } from "@flowmgr/flow-model/exchange";

export type Form = "text" | "page" | "json";

export const FORMS: readonly { value: Form; label: string; file: string; type: string }[] = [
  { value: "text", label: "Text", file: "flows.txt", type: "text/plain" },
  { value: "page", label: "Original page's words", file: "flows-page.txt", type: "text/plain" },
  { value: "json", label: "JSON", file: "flows.json", type: "application/json" },
];

/** The config in a form; or what that form cannot say. */
export function writtenAs(form: Form, config: Config): { text: string } | { problems: Diagnostic[] } {
  if (form === "json") return { text: `${JSON.stringify(config, null, 2)}\n` };
  if (form === "text") return { text: print(config) };
  const said = exportPageWords(config);
  return said.text === null ? { problems: said.diagnostics } : { text: said.text };
}

/** Lines that a preview shows: the rest is in the copy. */
const SHOWN = 1000;

/** The beginning of a long text, and how many lines are behind it. */
export function beginningOf(text: string): { shown: string; more: number } {
  const lines = text.split("\n");
  if (lines.length <= SHOWN) return { shown: text, more: 0 };
  return { shown: lines.slice(0, SHOWN).join("\n"), more: lines.length - SHOWN };
}
