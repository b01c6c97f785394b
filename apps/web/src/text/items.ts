/** Where flows and lists stand in the text, by the lines that begin them. */
import type { Text } from "@codemirror/state";
import { ITEM_LINE } from "./completion.ts";

/** The name on a line that begins an item: `mail`, a list's `@office`; null on any other line. */
function nameOn(line: string): string | null {
  const begins = ITEM_LINE.exec(line);
  if (!begins?.[2]) return null;
  return begins[1] === "list" ? `@${begins[2]}` : begins[2];
}

/** The position of an item's first line; null when the text has none of that name. */
export function placeOfItem(doc: Text, name: string): number | null {
  let from = 0;
  for (const text of doc.iterLines()) {
    if (nameOn(text) === name) return from;
    from += text.length + 1;
  }
  return null;
}

/** The item that a position stands in; null above the first. */
export function itemAt(doc: Text, position: number): string | null {
  for (let number = doc.lineAt(position).number; number >= 1; number--) {
    const name = nameOn(doc.line(number).text);
    if (name !== null) return name;
  }
  return null;
}

/** All items of the text, in order. */
export function itemsOf(doc: Text): string[] {
  const names: string[] = [];
  for (const text of doc.iterLines()) {
    const name = nameOn(text);
    if (name !== null) names.push(name);
  }
  return names;
}
