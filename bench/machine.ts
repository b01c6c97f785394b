/** What a figure was measured on: every benchmark says it first, so that no table goes without. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

/** The first words that a program prints of its version, or that there is none. */
function versionOf(program: string): string {
  try {
    const said = execFileSync(program, ["--version"], { encoding: "utf8", stdio: "pipe", timeout: 5000 });
    return said.trim().split("\n", 1)[0] ?? program;
  } catch {
    return `no ${program}`;
  }
}

/**
 * Machine, kernel, versions, load and time, as lines to print; `programs`: those whose version matters. The load is what
 * others did in the last minute: above 0.5 a core, the clock's figures are upper bounds.
 */
export function machine(...programs: string[]): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  const versions = [`Linux ${release()}`, `Node ${process.versions.node}`, ...programs.map(versionOf)];
  return [
    `${cpus().length} x ${first?.model.trim()} ${process.arch}, ${gigabytes} GB, load ${load.toFixed(1)}, ${new Date().toISOString()}`,
    versions.join(", "),
  ].join("\n");
}
