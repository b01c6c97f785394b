/**
 * The draft: one config that everybody edits, on disk, with an ETag.
 *
 * The ETag is made from the content, so it says "this is what I have seen" and nothing else: a change that was
 * undone again is no conflict, and the tag that was reviewed is the config that is applied.
 */
import {
  type Config,
  changes,
  check,
  configSchema,
  type Diagnostic,
  type Edit,
  EMPTY_CONFIG,
  locate,
  printWithPlaces,
  sharing,
} from "@flowmgr/flow-model";
import { rfc3339 } from "../clock.ts";
import { digestOf, matches, quoted } from "../etag.ts";
import type { DraftStore, Engine, Parts, StoredDraft } from "../parts.ts";
import { Problem } from "../problem.ts";
import { transaction, tryWrite } from "../store/database.ts";
import { refuseErrors } from "./body.ts";
import { checkMachine } from "./machine-check.ts";

/** Characters of edits that are told to all who listen; beyond them reading the draft again costs less. */
const MOST_TOLD = 100_000;

type DraftParts = Pick<Parts, "db" | "clock" | "events"> & { engine: Pick<Engine, "running" | "state"> };

/** Opens the draft; the first one is the running config, or empty. Call it when the engine has started. */
export function createDraft(parts: DraftParts): DraftStore {
  return new SqliteDraft(parts);
}

type Row = {
  etag: string;
  config: Config;
  text: string;
  places: StoredDraft["places"];
  changedAt: string;
  changedBy: string;
};

class SqliteDraft implements DraftStore {
  readonly #parts: DraftParts;
  /** What is on disk. Nobody else writes it: the data directory is locked. */
  #row: Row;
  #checked: { etag: string; diagnostics: Diagnostic[] } | null = null;
  /** What check and machine say together, with places: each reading of the draft counts it. */
  #located: { row: Row; machine: readonly Diagnostic[]; all: Diagnostic[] } | null = null;
  /** Whether it says the same as what is in force, as every answer asks: a megabyte of text each. */
  #compared: { row: Row; text: string; same: boolean } | null = null;

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.#row = this.#read() ?? this.#first();
  }

  get(): StoredDraft {
    return { ...this.#row, authors: this.#isClean(this.#row) ? [] : this.#authors() };
  }

  check(): Diagnostic[] {
    const row = this.#row;
    const machine = checkMachine(row.config, this.#parts.engine.state());
    if (this.#located?.row !== row || this.#located.machine !== machine) {
      this.#located = { row, machine, all: locate([...this.#check(), ...machine], row.places) };
    }
    return this.#located.all;
  }

  sound(): boolean {
    return !this.#check().some(({ severity }) => severity === "error");
  }

  #check(): Diagnostic[] {
    const { etag, config } = this.#row;
    if (this.#checked?.etag !== etag) this.#checked = { etag, diagnostics: check(config) };
    return this.#checked.diagnostics;
  }

  replace(
    config: Config,
    by: string,
    ifMatch: string | undefined,
    known: Parameters<DraftStore["replace"]>[3] = {},
  ): StoredDraft {
    this.requireMatch(ifMatch);
    const diagnostics = known.checked ?? check(config);
    refuseErrors(diagnostics);
    const stored = this.#write(config, by, known.edits);
    if (!known.checked) this.#checked = { etag: stored.etag, diagnostics };
    return stored;
  }

  reset(config: Config, by: string): StoredDraft {
    return this.#write(config, by);
  }

  /** `edits`: what made the config of the present one. */
  #write(written: Config, by: string, edits?: readonly Edit[]): StoredDraft {
    const { db, clock, events, engine } = this.#parts;
    const from = this.#row.etag;
    const config = edits ? written : this.#sharing(written);
    const { text, places } = printWithPlaces(config);
    const etag = digestOf(text);
    if (etag === this.#row.etag) return this.get();
    const row: Row = { etag, config, text, places, changedAt: rfc3339(clock.now()), changedBy: by };
    transaction(db, () => {
      if (this.#isClean(this.#row) || this.#isClean(row)) db.exec("DELETE FROM draft_author");
      this.#store(row);
      db.prepare("INSERT OR REPLACE INTO draft_author (name, at) VALUES (?, ?)").run(by, row.changedAt);
    });
    this.#row = row;
    const running = engine.running()?.config ?? EMPTY_CONFIG;
    events.emit("draft", {
      etag,
      changedBy: by,
      changedAt: row.changedAt,
      changes: changes(running, config).changes.length,
      ...(edits && JSON.stringify(edits).length <= MOST_TOLD ? { edits: [...edits], from } : {}),
    });
    return this.get();
  }

  /** Above all with what is in force: the two are compared by identity, and that is told by what it shares with this. */
  #sharing(written: Config): Config {
    const shared = sharing(this.#row.config, written);
    const running = this.#parts.engine.running()?.config;
    return running ? sharing(running, shared) : shared;
  }

  #store(row: Row): void {
    this.#parts.db
      .prepare(
        "INSERT OR REPLACE INTO draft (only, etag, config, changed_at, changed_by) VALUES (1, ?, ?, ?, ?)",
      )
      .run(row.etag, JSON.stringify(row.config), row.changedAt, row.changedBy);
  }

  #read(): Row | null {
    const row = this.#parts.db.prepare("SELECT * FROM draft").get();
    if (!row) return null;
    const stored = configSchema.parse(JSON.parse(String(row.config)));
    const config = sharing(this.#parts.engine.running()?.config ?? EMPTY_CONFIG, stored);
    const { text, places } = printWithPlaces(config);
    const changedAt = String(row.changed_at);
    return { etag: String(row.etag), config, text, places, changedAt, changedBy: String(row.changed_by) };
  }

  #first(): Row {
    const running = this.#parts.engine.running();
    const config = running?.config ?? EMPTY_CONFIG;
    const { text, places } = printWithPlaces(config);
    const changedAt = running?.at ?? rfc3339(this.#parts.clock.now());
    const row: Row = {
      etag: digestOf(text),
      config,
      text,
      places,
      changedAt,
      changedBy: running?.author ?? "flowmgr",
    };
    tryWrite(() => this.#store(row));
    return row;
  }

  #isClean(row: Row): boolean {
    const { text = "" } = this.#parts.engine.running() ?? {};
    if (this.#compared?.row !== row || this.#compared.text !== text) {
      this.#compared = { row, text, same: row.text === text };
    }
    return this.#compared.same;
  }

  #authors(): StoredDraft["authors"] {
    const rows = this.#parts.db.prepare("SELECT name, at FROM draft_author ORDER BY at DESC").all();
    return rows.map((row) => ({ name: String(row.name), at: String(row.at) }));
  }

  requireMatch(ifMatch: string | undefined): void {
    const { etag, changedAt, changedBy } = this.#row;
    if (ifMatch === undefined) {
      throw new Problem({
        status: 428,
        code: "if-match-missing",
        title: "If-Match is missing",
        detail: `Say which draft this change was made for: If-Match: "${etag}" is the present one, If-Match: * overwrites whatever is there.`,
        headers: { ETag: quoted(etag) },
      });
    }
    if (matches(ifMatch, etag)) return;
    throw new Problem({
      status: 412,
      code: "draft-changed",
      title: "The draft has changed",
      detail: `${changedBy} changed the draft at ${changedAt}; this change was made for an older one. Read it again and repeat the change.`,
      extra: { etag, changedBy, changedAt },
      headers: { ETag: quoted(etag) },
    });
  }
}
