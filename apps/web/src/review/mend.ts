/** What the server offers against a lock-out, as edits of the draft. */
import { type Config, type Edit, flowsOf, parse } from "@flowmgr/flow-model";
import { freeName } from "@flowmgr/flow-model/exchange";

/** The flows of the mend before the one that would cut off, under names that are free. */
export function editsOf({ text, before }: { text: string; before: string }, config: Config): Edit[] {
  const taken = new Set(flowsOf(config).map(({ name }) => name));
  return flowsOf(parse(text).config).map((flow): Edit => {
    const name = freeName(flow.name, taken);
    taken.add(name);
    return { do: "add", item: { ...flow, name }, before };
  });
}
