/**
 * How parse, check and print grow with the config, and what other shapes of a megabyte cost:
 * `node bench/language.ts [flows ...]`
 *
 * "new": nothing of the config was read before. "edited": one flow of it has changed since, as at each keystroke.
 */
import { type Config, check, checkText, flowsOf, parse, print } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { median } from "./cpu.ts";
import { machine } from "./machine.ts";

const ROUNDS = 7;

/** The same config, no object of it known to anybody. */
const unknown = (config: Config): Config => structuredClone(config);

/** The config with another flow in the middle; all others are the same objects. */
function edited(config: Config): Config {
  const flows = flowsOf(config);
  const one = flows[flows.length >> 1];
  return {
    ...config,
    items: config.items.map((item) => (item === one ? { ...one, note: `edited ${count++}` } : item)),
  };
}
let count = 0;

function tell(columns: readonly (string | number)[]): void {
  const cells = columns.map((cell) => (typeof cell === "number" ? cell.toFixed(cell < 10 ? 1 : 0) : cell));
  console.log(`| ${cells.join(" | ")} |`);
}

function measure(what: string, text: string): void {
  const { config } = parse(text);
  const bytes = `${(text.length / 1e6).toFixed(text.length < 1e5 ? 3 : 2)} MB`;
  // Warm: a reader of every edit has seen the one before.
  check(config);
  print(config);
  const again = () => unknown(config);
  const edit = () => edited(config);
  tell([
    what,
    bytes,
    median(ROUNDS, () => text, parse),
    median(ROUNDS, again, check),
    median(ROUNDS, edit, check),
    median(ROUNDS, again, print),
    median(ROUNDS, edit, print),
    median(ROUNDS, () => text, checkText),
  ]);
}

const numbered = (length: number, one: (at: number) => string, between: string) =>
  Array.from({ length }, (_, at) => one(at)).join(between);
const address = (at: number) => `10.${(at >> 14) & 255}.${(at >> 6) & 255}.${(at & 63) * 4}`;

/** A megabyte each, as machines write them or by mistake. */
const SHAPES: [string, string][] = [
  [
    "one list of 70 000 addresses",
    `list all {\n${numbered(70_000, address, "\n")}\n}\nflow f deny match src @all\n`,
  ],
  [
    "one flow of 25 000 rules",
    `flow f deny\n${numbered(25_000, (at) => `  match proto tcp dst ${address(at)} dstport 80`, "\n")}\n`,
  ],
  [
    "comments alone",
    numbered(20_000, (at) => `# a remark that says nothing about ${at}, but is there`, "\n"),
  ],
  [
    "an error in each of 30 000 lines",
    numbered(30_000, (at) => `flow f${at} permt match dst 10.0.0.300`, "\n"),
  ],
  ["no line at all", "x".repeat(1_000_000)],
];

const asked = process.argv.slice(2).map(Number);
console.log(machine());
tell([
  "flows, or what",
  "text",
  "parse",
  "check: new",
  "edited",
  "print: new",
  "edited",
  "text: parse, check",
]);
tell(["---", "---", "---", "---", "---", "---", "---", "---"]);
for (const flows of asked.length > 0 ? asked : [10, 100, 1000, 10_000])
  measure(String(flows), print(manyFlows(flows)));
for (const [what, text] of SHAPES) measure(what, text);
