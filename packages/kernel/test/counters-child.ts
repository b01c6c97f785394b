/** A process that applies a program, writes down what it is told to book, and is killed on the way by `counters.test.ts`. */
import { appendFileSync, readFileSync } from "node:fs";
import { openKernel } from "../src/index.ts";

const [name = "", backend, dataDir = "", file = "", books = ""] = process.argv.slice(2);
const kernel = await openKernel({
  target: { kind: "namespace", name },
  backend: backend === "legacy" ? "legacy" : "nft",
  ipv6: true,
  dataDir,
});
await kernel.apply(JSON.parse(readFileSync(file, "utf8")), {
  book: (lines) => appendFileSync(books, `${JSON.stringify(lines)}\n`),
});
