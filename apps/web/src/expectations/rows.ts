/** The config's expectations as the place lists them. */
import type { Expectation } from "@flowmgr/flow-api";
import { type Config, type Expect, keyOf } from "@flowmgr/flow-model";

export type ExpectRow = {
  expect: Expect;
  /** What edits call it: its text. */
  key: string;
  /** What became of it; null as long as nobody has judged it. */
  judged: Expectation | null;
};

/** In the order of the config. What was judged is found by its text, be it of a config of a moment ago. */
export function rowsOf({ items }: Config, judged: readonly Expectation[]): ExpectRow[] {
  const known = new Map(judged.map((one) => [one.text, one]));
  return items.flatMap((item) => {
    if (item.kind !== "expect") return [];
    const key = keyOf(item);
    return [{ expect: item, key, judged: known.get(key) ?? null }];
  });
}

/** "2 of 5 fail: an apply is refused until they hold." */
export function summaryOf(rows: readonly ExpectRow[]): string {
  const count = (status: Expectation["status"]) =>
    rows.filter(({ judged }) => judged?.status === status).length;
  const [fails, open] = [count("fails"), count("open")];
  const judged = fails + open + count("holds");
  const of = rows.length === 1 ? "" : ` of ${rows.length}`;
  if (fails > 0)
    return `${fails}${of} ${fails === 1 ? "fails" : "fail"}: an apply is refused until all hold.`;
  if (open > 0) return `${open}${of} could not be proven in time: an apply is refused.`;
  if (judged < rows.length) return "";
  return rows.length === 1 ? "It holds, for every packet." : `All ${rows.length} hold, for every packet.`;
}
