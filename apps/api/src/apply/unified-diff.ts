/** Unified diffs of config texts. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";

type File = { name: string; text: string };

/** Beyond this the search for the smallest diff gives way to one hunk that says the same. Milliseconds. */
const SEARCH_MS = 1_000;

/** "" when they are the same. */
export function unifiedDiff(from: File, to: File, searchMs = SEARCH_MS): string {
  if (from.text === to.text) return "";
  const options = {
    context: 3,
    timeout: searchMs,
    headerOptions: FILE_HEADERS_ONLY,
  };
  const found = createTwoFilesPatch(from.name, to.name, from.text, to.text, undefined, undefined, options);
  return found ?? oneHunk(from, to);
}

/** Everything between the common beginning and the common end is replaced. */
function oneHunk(from: File, to: File): string {
  const [old, new_] = [lines(from.text), lines(to.text)];
  const most = Math.min(old.length, new_.length);
  let head = 0;
  while (head < most && old[head] === new_[head]) head++;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === new_.at(-1 - tail)) tail++;
  const removed = old.slice(head, old.length - tail);
  const added = new_.slice(head, new_.length - tail);
  const hunk = `@@ -${range(head, removed.length)} +${range(head, added.length)} @@`;
  const body = [...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)];
  return [`--- ${from.name}`, `+++ ${to.name}`, hunk, ...body, ""].join("\n");
}

/** An empty range names the line before it. */
const range = (head: number, count: number): string => `${count === 0 ? head : head + 1},${count}`;

const lines = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
