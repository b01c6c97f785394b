/** What an import gives, whatever it read. */
import type { Config } from "../schema.ts";
import type { ValueError } from "../value.ts";

/** A line of the source, or what of it is no part of the config. Lines count from 1. */
export type LeftOut = { line: number; text: string; reason: string };

export type Imported = {
  /** Passes `check` without errors. */
  config: Config;
  /** In the order of the source; nothing that carries a word is dropped without being listed. */
  leftOut: LeftOut[];
};

/** A reason as one sentence. */
export function reasonOf({
  message,
  help,
}: Pick<ValueError, "message"> & { help?: string | undefined }): string {
  return help ? `${message}; ${help}` : message;
}
