/**
 * Given to a real server by `node --import`: a wall clock that somebody sets. It is ahead of the machine's own by the
 * milliseconds that stand in the file WALL_CLOCK, which is read at every look. No other clock is touched.
 */
import { readFileSync } from "node:fs";

const RealDate = Date;
const file = process.env.WALL_CLOCK ?? "";
const now = () => RealDate.now() + Number(readFileSync(file, "utf8"));

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  get: (target, name, self) => (name === "now" ? now : Reflect.get(target, name, self)),
});
