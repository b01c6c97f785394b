/**
 * The rules of the house that no other tool keeps. Each is a function with its reason; each gives sentences, one a
 * breach. `node .config/house-rules.ts` prints them and exits 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");

type File = { path: string; text: string };

const files: File[] = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)))
  .map((path) => ({
    path,
    text: /\.(tsx?|mjs|md|json|css)$/.test(path) ? readFileSync(join(root, path), "utf8") : "",
  }));

const isSource = ({ path }: File) => /^(apps|packages)\/[^/]+\/src\/.*\.tsx?$/.test(path);
const isCode = ({ path }: File) => /\.(tsx?|mjs)$/.test(path);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s+["']([^"']+)["']/g;

function importsOf(file: File): string[] {
  return [...file.text.matchAll(IMPORT)].map((found) => found[1] ?? found[2] ?? found[3] ?? "");
}

/** A newcomer must see at once what there is. */
function topLevel(): string[] {
  const given =
    /^(\..*|package\.json|pnpm-workspace\.yaml|pnpm-lock\.yaml|apps|packages|e2e|docker|docs|bench|README\.md)$/;
  const names = new Set(files.map(({ path }) => path.split("/")[0] ?? ""));
  return [...names]
    .filter((name) => !given.test(name))
    .map((name) => `${name}: does not belong at the top level`);
}

/** One door to processes: whoever starts one elsewhere escapes time limits, locks and the target namespace. */
function oneDoorToProcesses(): string[] {
  return files
    .filter((file) => isSource(file) && file.path !== "packages/kernel/src/run.ts")
    .filter((file) => importsOf(file).some((name) => /^(node:)?child_process$/.test(name)))
    .map(({ path }) => `${path}: only packages/kernel/src/run.ts starts processes`);
}

/** Settings have one reader, so that what a flag does can be found. */
function oneReaderOfTheEnvironment(): string[] {
  return files
    .filter(
      (file) => isSource(file) && !["apps/api/src/main.ts", "packages/kernel/src/run.ts"].includes(file.path),
    )
    .filter(({ text }) => /\bprocess\.(env|argv)\b/.test(text))
    .map(({ path }) => `${path}: only apps/api/src/main.ts reads process.env and process.argv`);
}

/** Pure code gives the same answer to the same question; a clock or dice in it could not be tested. */
function pureCodeHasNoClock(): string[] {
  return files
    .filter((file) => /^packages\/(flow-[a-z]+)\/src\//.test(file.path))
    .filter(({ text }) => /\b(Date\.now|new Date\(\)|Math\.random)\b/.test(text))
    .map(({ path }) => `${path}: pure packages know neither time nor chance`);
}

/** Dependencies point one way; what each folder may import of ours. */
const MAY_IMPORT: { [folder: string]: string[] } = {
  "packages/flow-model": [],
  "packages/flow-analysis": ["flow-model"],
  "packages/flow-compiler": ["flow-model"],
  "packages/flow-api": ["flow-model"],
  "packages/kernel": ["flow-compiler"],
  "apps/web": ["flow-model", "flow-analysis", "flow-api"],
  "apps/api": ["flow-model", "flow-analysis", "flow-api", "flow-compiler", "kernel"],
};

function oneDirection(): string[] {
  return files.filter(isSource).flatMap((file) => {
    const folder = file.path.split("/").slice(0, 2).join("/");
    return importsOf(file).flatMap((name) => {
      const ours = /^@flowmgr\/([a-z-]+)/.exec(name)?.[1];
      if (ours && !MAY_IMPORT[folder]?.includes(ours))
        return [`${file.path}: ${folder} must not know ${ours}`];
      if (!name.startsWith(".")) return [];
      const target = relative(root, join(root, dirname(file.path), name));
      return target.startsWith(`${folder}/`) ? [] : [`${file.path}: imports ${name} across a package border`];
    });
  });
}

/** A place of the page, or a concern of the API, can be taken out and put back; the app and the server join them. */
function concernsDoNotMix(): string[] {
  const places = ["flows", "text", "review", "history", "trace"];
  return files.filter(isSource).flatMap((file) => {
    const here = /^apps\/web\/src\/([a-z]+)\//.exec(file.path)?.[1];
    if (!here || !places.includes(here)) return [];
    return importsOf(file).flatMap((name) => {
      const there = /^\.\.\/([a-z]+)\//.exec(name)?.[1];
      return there && there !== here && places.includes(there)
        ? [`${file.path}: the ${here} place must not import from the ${there} place`]
        : [];
    });
  });
}

/** A file that got away is read by nobody. */
const LONGEST_FILE = 320;

function filesStayShort(): string[] {
  return files
    .filter((file) => isCode(file) || file.path.endsWith(".css"))
    .map((file) => ({ ...file, lines: file.text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path}: ${lines} lines; a file stays under ${LONGEST_FILE}`);
}

/** A test that does not run proves nothing; one that runs alone hides the others. */
function everyTestRuns(): string[] {
  return files
    .filter((file) => isCode(file) && /\b(it|test|describe)\.(skip|only|todo|fixme)\(/.test(file.text))
    .map(({ path }) => `${path}: skips or singles out a test`);
}

/** Dead links make readers stop reading. */
function linksLead(): string[] {
  return files
    .filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((found) => found[1] ?? "")
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => !existsSync(join(root, dirname(path), link)))
        .map((link) => `${path}: ${link} leads nowhere`),
    );
}

/** Styles that nothing wears are read and kept for nothing. Where names are looked up (`styles[tone]`), any may be worn. */
function stylesAreWorn(): string[] {
  const worn = new Map<string, string[]>();
  for (const { path, text } of files.filter(isSource)) {
    for (const [, name = "", from = ""] of text.matchAll(/import (\w+) from "([^"]+\.module\.css)"/g)) {
      const sheet = join(dirname(path), from);
      const found = [...text.matchAll(new RegExp(`\\b${name}(?:\\.(\\w+)|\\[)`, "g"))];
      worn.set(sheet, [...(worn.get(sheet) ?? []), ...found.map(([, one = "*"]) => one)]);
    }
  }
  return files
    .filter(({ path }) => path.endsWith(".module.css"))
    .flatMap(({ path, text }) => {
      const by = new Set(worn.get(path));
      const given = text.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/\.([A-Za-z_][\w-]*)(?=[^{}]*\{)/g);
      const dead = [...new Set([...given].map(([, one = ""]) => one))].filter((one) => !by.has(one));
      return by.has("*") ? [] : dead.map((one) => `${path}: nothing wears .${one}`);
    });
}

const rules = [
  topLevel,
  oneDoorToProcesses,
  oneReaderOfTheEnvironment,
  pureCodeHasNoClock,
  oneDirection,
  concernsDoNotMix,
  filesStayShort,
  everyTestRuns,
  linksLead,
  stylesAreWorn,
];

if (!files.some(isSource)) throw new Error("house rules found no source files: they would keep nothing");
const breaches = rules.flatMap((rule) => rule().map((breach) => `${rule.name}: ${breach}`));
for (const breach of breaches) console.error(breach);
process.exit(breaches.length > 0 ? 1 : 0);
