/** A process that applies a program and that `killed.test.ts` kills on the way. */
import { readFileSync } from "node:fs";
import { openKernel } from "../src/index.ts";

const [name = "", backend, dataDir = "", file = ""] = process.argv.slice(2);
const kernel = await openKernel({
  target: { kind: "namespace", name },
  backend: backend === "legacy" ? "legacy" : "nft",
  ipv6: true,
  dataDir,
});
await kernel.apply(JSON.parse(readFileSync(file, "utf8")));
