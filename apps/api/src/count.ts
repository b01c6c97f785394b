/** A whole number in a query, where it arrives as text. */
import { z } from "zod";

/** From `least` to `most`; what else stands there is refused in words that say so. */
export function count(least: number, most: number) {
  const error = `write a number, ${least} to ${most}`;
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}
