// What is made of sources is used only while these are what it was made of. Plain JavaScript, for any Node >= 20.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** @typedef {{ folder: string, sources: string[] }} Made what `vite build` makes in `dist` of a folder, and of what. */

/** @type {Made} */
export const PAGE = {
  folder: "apps/web",
  sources: ["apps/web", "packages/flow-model", "packages/flow-analysis", "packages/flow-api"],
};

/** @type {Made} */
export const SERVER = {
  folder: "apps/api",
  sources: [
    "apps/api",
    ...["flow-model", "flow-analysis", "flow-api", "flow-compiler", "kernel"].map(
      (name) => `packages/${name}`,
    ),
  ],
};

const stampOf = ({ folder }) => join(root, folder, "dist/.built");
const filesOf = ({ sources }) => sources.flatMap((name) => filesBelow(join(root, name)));

/** Whether it is there, and of the sources as they are now. */
export function isCurrent(made) {
  return isStamped(stampOf(made), digest(filesOf(made)));
}

/** Does the step that makes it, unless it is current. */
export function make(made, step) {
  whenChanged(stampOf(made), filesOf(made), step);
}

/** Does a step when what it was made from has changed since; the stamp is written only when it went well. */
export function whenChanged(stamp, files, step) {
  const now = digest(files);
  if (isStamped(stamp, now)) return;
  rmSync(stamp, { force: true });
  step();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
}

const isStamped = (stamp, now) => existsSync(stamp) && readFileSync(stamp, "utf8") === now;

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

/** Every file below a folder, sorted, without what tools write there. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !["node_modules", "dist", "test"].includes(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}
