/**
 * What is wrong, where, and what would be right, as data. The same value is an underline in the editor, an
 * error at a form field, a line of the command and an entry in a problem document.
 */

import type { Edit } from "./edit-schema.ts";

/** A piece of text. Lines and columns count from 1, columns in UTF-16 units, the end is exclusive. */
export type Span = { line: number; column: number; endLine: number; endColumn: number };

export type Severity = "error" | "warning";

/** A mend that a person can choose: replace the text of the diagnostic's span by `text`, or make these edits. */
export type Fix = { label: string; text: string } | { label: string; edits: Edit[] };

export type Diagnostic = Partial<Span> & {
  /** Stable, kebab-case, for programs: `bad-address`, `duplicate-flow`, ... */
  code: string;
  severity: Severity;
  /** What is wrong, a sentence without the place. */
  message: string;
  /** What would be right. */
  help?: string;
  /** JSON pointer into the config (RFC 6901): `/items/0/rules/1/conditions/dst`. */
  path?: string;
  /** Name of the flow it is in. */
  flow?: string;
  /** Number of the rule in its flow, from 1, rules that are off included. */
  rule?: number;
  fixes?: Fix[];
  /** The rules that are to blame, by flow and number; null: the end of a director's flow. */
  by?: { flow: string; rule: number | null }[];
  /** A packet that shows it, as the line that the tester takes. */
  packet?: string;
};

/** JSON pointer -> the text it stands in; given by `parse` and by `printWithPlaces`. */
export type Places = { get(pointer: string): Span | undefined };
