/** Where the page shows an item, by what edits call it. */
import { isExpectKey, listNamed } from "@flowmgr/flow-model";

/** The address of a flow, an `@list`, or an expectation among all of them. */
export function addressOfItem(key: string): string {
  if (isExpectKey(key)) return `/test/expectations?at=${encodeURIComponent(key)}`;
  const list = listNamed(key);
  return list === null ? `/flows/${encodeURIComponent(key)}` : `/lists/${encodeURIComponent(list)}`;
}
