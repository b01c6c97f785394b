/** A template with its blanks filled: checked as one types, and as the edits that insert it. */

import {
  type Config,
  check,
  checkText,
  type Edit,
  type Flow,
  flowsOf,
  keyOf,
  parse,
} from "@flowmgr/flow-model";
import { ON_MANY_LINES } from "@flowmgr/flow-model/examples";
import { freeName } from "@flowmgr/flow-model/exchange";
import { TEMPLATES, type Template } from "./templates.ts";

/** By the blank's id. */
export type Filled = { [blank: string]: string };

/** The five of the original page, all at once and each by itself. */
export const EXAMPLE_TEMPLATES: readonly Template[] = [
  {
    id: "examples",
    title: "The five examples",
    sentence: "ssh, dns, ping, mail and alltherest, as the original Flows page shows them.",
    blanks: [],
    text: ON_MANY_LINES,
    place: "before-rest",
  },
  ...ON_MANY_LINES.trim()
    .split("\n\n")
    .map((text): Template => {
      const name = text.split(" ")[1] ?? "";
      return {
        id: `example-${name}`,
        title: `Example: ${name}`,
        sentence: `The flow ${name} of the original Flows page.`,
        blanks: [],
        text: `${text}\n`,
        place: "before-rest",
      };
    }),
];

export const ALL_TEMPLATES: readonly Template[] = [...TEMPLATES, ...EXAMPLE_TEMPLATES];

export function defaultsOf({ blanks }: Template): Filled {
  return Object.fromEntries(blanks.map(({ id, value }) => [id, value]));
}

/** The text with what was typed; several values get the braces that they need. */
export function textOf({ text, blanks }: Template, filled: Filled): string {
  let done = text;
  for (const { id, kind } of blanks) {
    const value = filled[id]?.trim() ?? "";
    const inBraces = done.includes(`{ <${id}> }`);
    const bare = value.replace(/^\{\s*|\s*\}$/g, "");
    const several = kind === "addresses" && !inBraces && /[\s,]/.test(bare);
    done = done.replaceAll(`<${id}>`, several ? `{ ${bare} }` : bare);
  }
  return done;
}

/** What is wrong with each blank, in a sentence; blanks that are right are not named. */
export function problemsOf(template: Template, filled: Filled, draft: Config): Filled {
  const right = defaultsOf(template);
  const found: Filled = {};
  for (const { id } of template.blanks) {
    const problem = problemIn(textOf(template, { ...right, [id]: filled[id] ?? "" }), draft);
    if (problem) found[id] = problem;
  }
  return found;
}

/** The lists of the draft are known to it. */
function problemIn(text: string, draft: Config): string | null {
  const read = parse(text);
  const own = new Set(read.config.items.map(keyOf));
  const lists = draft.items.filter((item) => item.kind === "list" && !own.has(keyOf(item)));
  const diagnostics = read.diagnostics.some(({ severity }) => severity === "error")
    ? read.diagnostics
    : check({ ...read.config, items: [...lists, ...read.config.items] });
  const error = diagnostics.find(({ severity }) => severity === "error");
  return error ? [error.message, error.help].filter(Boolean).join("; ") : null;
}

/**
 * One step that inserts it. Names that are taken get a number; a list that is there already is used as it is, and so
 * is the flow that takes all the rest.
 */
export function editsOf(
  template: Template,
  filled: Filled,
  draft: Config,
): { edits: Edit[]; names: string[] } {
  const { config } = checkText(textOf(template, filled));
  const there = new Set(draft.items.map(keyOf));
  const lists = config.items.filter((item) => item.kind === "list" && !there.has(keyOf(item)));
  const all = flowsOf(config);
  const flows = all.filter((flow) => all.length === 1 || !takesRest(flow) || !restOf(draft, flow.kind));
  const taken = new Set(flowsOf(draft).map(({ name }) => name));
  const names: string[] = [];
  const lastList = draft.items.findLast(({ kind }) => kind === "list");
  const edits = lists.map(
    (item): Edit => ({ do: "add", item, ...(lastList ? { after: keyOf(lastList) } : { position: 1 }) }),
  );
  for (const flow of flows) {
    const name = freeName(flow.name, taken);
    taken.add(name);
    edits.push({ do: "add", item: { ...flow, name }, ...placeOf(flow, template, draft, names.at(-1)) });
    names.push(name);
  }
  return { edits, names };
}

type Where = { before: string } | { after: string } | Record<string, never>;

function placeOf(flow: Flow, template: Template, draft: Config, previous: string | undefined): Where {
  if (takesRest(flow)) return {};
  if (template.place === "top") {
    const first = flowsOf(draft)[0];
    if (previous) return { after: previous };
    return first ? { before: first.name } : {};
  }
  const rest = restOf(draft, flow.kind);
  return rest ? { before: rest.name } : {};
}

/** The flow behind which a new one would see nothing any more. */
function restOf(config: Config, kind: Flow["kind"]): Flow | undefined {
  return flowsOf(config).find((flow) => flow.kind === kind && !flow.skipped && takesRest(flow));
}

function takesRest({ policy, rules }: Flow): boolean {
  return (
    policy !== null &&
    rules.some(
      ({ off, verb, conditions }) => !off && verb === "match" && Object.keys(conditions).length === 0,
    )
  );
}
