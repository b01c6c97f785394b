/** A page of what has names. */
import { z } from "zod";
import { count } from "../count.ts";
import { notFound } from "../problem.ts";

/** The most unless said: who reads all of a machine's paths gets them in one answer. */
const MOST = 1000;

export const PAGE = z.strictObject({
  limit: count(1, MOST).default(MOST),
  after: z.string().optional().describe("Name of the last one of the page before"),
});

/** `next`: the name to give as `after` for the next page, null at the end. Throws Problem 404 for an unknown `after`. */
export function paged<T extends { name: string }>(
  all: readonly T[],
  { limit, after }: z.output<typeof PAGE>,
): { page: T[]; next: string | null } {
  const last = all.findIndex(({ name }) => name === after);
  if (after !== undefined && last === -1) throw notFound(`There is none called ${after}.`);
  const page = all.slice(last + 1, last + 1 + limit);
  return { page, next: last + 1 + limit < all.length ? (page.at(-1)?.name ?? null) : null };
}
