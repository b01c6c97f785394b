/** Named lists: what they hold, what they name, and whether what names them may. */
import { ADDRESS, type Complain, LONGEST_VALUE, PORTS, readEach } from "./check-values.ts";
import { orderLists } from "./list-order.ts";
import { kindOfValue, type ListKind, listKinds, listNamed, listsByName } from "./lists.ts";
import { parseName } from "./names.ts";
import type { Config, List } from "./schema.ts";
import { nearest } from "./spelling.ts";
import { quote, type ValueError } from "./value.ts";

/** How many names are compared to find those that were meant: a text of five megabytes has room for more. */
const MOST_COMPARED = 200_000;

const WORDS: Readonly<Record<ListKind, { one: string; many: string }>> = {
  addresses: { one: "an address", many: "addresses" },
  ports: { one: "a port", many: "ports" },
};

/** Lists that name no list, and of which nothing is to say but for their name among others: configs are values. */
const clean = new WeakSet<List>();

export class Lists {
  readonly #byName: ReadonlyMap<string, List>;
  readonly #kinds: ReadonlyMap<string, ListKind | null>;
  readonly #groups: ReadonlyMap<string, number>;
  /** Lists of which every value is known, those of the lists that they name too; found when somebody names one. */
  #sound: ReadonlySet<string> | null = null;
  readonly #names: readonly string[];
  #compared = 0;

  constructor(config: Config) {
    this.#byName = listsByName(config);
    this.#names = [...this.#byName.keys()];
    this.#kinds = listKinds(config);
    this.#groups = orderLists(this.#byName);
  }

  #findSound(): ReadonlySet<string> {
    const sound = new Set<string>();
    for (const name of this.#groups.keys()) {
      const list = this.#byName.get(name);
      if (list && this.#isSound(list, sound)) sound.add(name);
    }
    return sound;
  }

  #isSound(list: List, sound: ReadonlySet<string>): boolean {
    if (clean.has(list)) return true;
    const kind = this.#kinds.get(list.name) ?? null;
    return (
      kind !== null &&
      list.values.length > 0 &&
      list.values.every((value) => {
        const named = listNamed(value);
        if (named === null) return kindOfValue(value) === kind;
        return sound.has(named) && this.#kinds.get(named) === kind;
      })
    );
  }

  /** Reports what is wrong with a list. */
  check(list: List, report: Complain): void {
    if (clean.has(list) && this.#byName.get(list.name) === list) return;
    let said = false;
    const complain: Complain = (...problem) => {
      said = true;
      report(...problem);
    };
    this.#checkAnew(list, complain);
    if (!said && list.values.every((value) => listNamed(value) === null)) clean.add(list);
  }

  #checkAnew(list: List, complain: Complain): void {
    this.#checkName(list, complain);
    if (list.values.length === 0) {
      const message = `the list ${quote(list.name)} is empty`;
      complain("/values", { code: "empty-list", message, help: "give it a value, or leave it out" });
    }
    const kind = this.#kindOf(list);
    const options = {
      bad: (text: string, error: ValueError) => explain(kind, text, error),
      reference: (text: string, place: string) => this.#checkMember(list, kind, text, place, complain),
    };
    // Nothing in it says what it holds: each bad value is then taken for what it looks like.
    if ((kind ?? looksLike(list.values)) === "ports")
      readEach(list.values, PORTS, "/values", complain, options);
    else readEach(list.values, ADDRESS, "/values", complain, options);
  }

  /** A second list of one name is judged by its own values. */
  #kindOf(list: List): ListKind | null {
    if (this.#byName.get(list.name) === list) return this.#kinds.get(list.name) ?? null;
    return list.values.map(kindOfValue).find((kind) => kind !== null) ?? null;
  }

  #checkName(list: List, complain: Complain): void {
    const { name } = list;
    const read = parseName(name.slice(0, LONGEST_VALUE));
    if ("error" in read) complain("/name", read.error);
    else if (this.#byName.get(name) !== list) {
      const message = `a second list is called ${quote(name)}`;
      complain("/name", { code: "duplicate-list", message, help: "give each list a name of its own" });
    }
  }

  #checkMember(list: List, kind: ListKind | null, text: string, place: string, complain: Complain): boolean {
    const name = listNamed(text) ?? "";
    if (this.#groups.get(name) !== undefined && this.#groups.get(name) === this.#groups.get(list.name)) {
      const [message, help] =
        name === list.name
          ? [`the list ${quote(name)} holds itself`, "leave it out"]
          : [`the lists ${quote(list.name)} and ${quote(name)} hold each other`, "leave one of them out"];
      complain(place, { code: "list-cycle", message, help });
      return false;
    }
    return this.checkReference(text, kind, place, complain);
  }

  /** Reports a reference to a list that does not exist, or holds something else; is everything in it known? */
  checkReference(text: string, wanted: ListKind | null, place: string, complain: Complain): boolean {
    const name = listNamed(text) ?? "";
    const kind = this.#kinds.get(name);
    if (kind === undefined) {
      const meant = this.#nearest(name);
      const fixes = meant === null ? undefined : [{ label: `Write @${meant}`, text: `@${meant}` }];
      const help = meant === null ? this.#helpForUnknown(name) : `write @${meant}`;
      const message = `there is no list ${quote(name)}`;
      complain(place, { code: "unknown-list", message, help }, "error", fixes);
    } else if (kind !== null && wanted !== null && kind !== wanted) {
      const message = `the list ${quote(name)} holds ${WORDS[kind].many}`;
      complain(place, { code: "wrong-list", message, help: `here stand ${WORDS[wanted].many}` });
      return false;
    }
    this.#sound ??= this.#findSound();
    return this.#sound.has(name);
  }

  #nearest(name: string): string | null {
    if (this.#compared > MOST_COMPARED) return null;
    this.#compared += this.#names.length;
    return nearest(name, this.#names);
  }

  #helpForUnknown(name: string): string {
    const names = this.#names.slice(0, 5).map((one) => `@${one}`);
    if (names.length === 0) return `define it: list ${name || "NAME"} { ... }`;
    const more = this.#names.length - names.length;
    return `the config has ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }
}

/** What is wrong with a value of a list, where the others say what it should be. */
function explain(kind: ListKind | null, text: string, error: ValueError): ValueError {
  const own = kindOfValue(text);
  if (kind === null || own === null) return error;
  const message = `${quote(text)} is ${WORDS[own].one} in a list of ${WORDS[kind].many}`;
  return { code: "mixed-list", message, help: `give the ${WORDS[own].many} a list of their own` };
}

/** Numbers and colons alone were to be ports. */
function looksLike(values: readonly string[]): ListKind {
  return values.some((value) => /^[0-9]+(?:[:-][0-9]*)?$/.test(value)) ? "ports" : "addresses";
}
