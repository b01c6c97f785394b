/** Where items stand in the text, by the lines that begin them. */
import type { Text } from "@codemirror/state";
import { isExpectKey, keyOf, parse } from "@flowmgr/flow-model";
import { ITEM_LINE } from "./completion.ts";

/** What edits call the item that a line begins: `mail`, `@office`, `expect deny dstport 22`; null on any other line. */
function nameOn(line: string): string | null {
  const begins = ITEM_LINE.exec(line);
  if (!begins?.[2]) return null;
  if (begins[1] === "list") return `@${begins[2]}`;
  if (begins[1] !== "expect") return begins[2];
  const [expectation] = parse(line).config.items;
  return expectation ? keyOf(expectation) : line.trim();
}

/** The position of an item's first line; null when the text has none of that name. */
export function placeOfItem(doc: Text, name: string): number | null {
  let from = 0;
  for (const text of doc.iterLines()) {
    if (nameOn(text) === name) return from;
    from += text.length + 1;
  }
  return isExpectKey(name) ? placeOfExpectation(doc, name) : null;
}

/** One that stands on several lines is called by all of them. */
function placeOfExpectation(doc: Text, name: string): number | null {
  const { config, places } = parse(doc.toString());
  const place = places.get(`/items/${config.items.findIndex((item) => keyOf(item) === name)}`);
  return place ? doc.line(place.line).from : null;
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
export function itemsOf(doc: Text): readonly string[] {
  const names = known.get(doc) ?? [...doc.iterLines()].flatMap((line) => nameOn(line) ?? []);
  known.set(doc, names);
  return names;
}

/** A document is a value: who completes a name asks for the same one at every key. */
const known = new WeakMap<Text, readonly string[]>();
