/** Where the process begins: the only reader of process.env and argv. */
import { beginAnew } from "./begin.ts";

await beginAnew(process);
// Only now, or all that the command is made of would be read twice.
const { runCommand } = await import("./command.ts");
process.exitCode = await runCommand(process.argv.slice(2), process.env);
