/**
 * A config as it differs from one that the other side has: over the wire and between threads, ten thousand flows of
 * which one was edited travel as that one.
 */
import { z } from "zod";
import { type Config, type Item, itemSchema } from "./schema.ts";

/** Items that stand in the known config side by side: `count` of them, the first at `from`, counted from 0. */
const runSchema = z.strictObject({ from: z.number().int().min(0), count: z.number().int().min(1) });
type Run = z.infer<typeof runSchema>;

export const configDeltaSchema = z.object({
  /** In order: an item itself, or items of the known config. */
  items: z.array(z.union([runSchema, itemSchema])),
  comment: z.array(z.string()),
});
export type ConfigDelta = z.output<typeof configDeltaSchema>;

/** `config` told to whom has `known`. Items are compared by identity: what is shared, not what happens to be equal. */
export function deltaOf(config: Config, known: Config | null): ConfigDelta {
  const places = new Map(known?.items.map((item, place) => [item, place]));
  const items: (Item | Run)[] = [];
  let run: Run | null = null;
  for (const item of config.items) {
    const place = places.get(item);
    if (run && place === run.from + run.count) run.count += 1;
    else {
      run = place === undefined ? null : { from: place, count: 1 };
      items.push(run ?? item);
    }
  }
  return { items, comment: config.comment };
}

/** The config that `deltaOf` told of; it shares with `known`, which must be the one that it was told against. */
export function withDelta({ items, comment }: ConfigDelta, known: Config | null): Config {
  const all = known?.items ?? [];
  return {
    items: items.flatMap((one) => ("from" in one ? all.slice(one.from, one.from + one.count) : one)),
    comment,
  };
}
