/** What goes wrong with configs on their way here: texts and JSON, a few steps away from good ones. */

import { print } from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc, { type Arbitrary } from "fast-check";
import { WORDS } from "./words.ts";

/** A place in something whose length is not known yet: a share of it, in 10 000ths. */
const share = fc.integer({ min: 0, max: 9_999 });
const at = (part: number, length: number) => Math.floor((part * length) / 10_000);

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  fc.string({ unit: "binary", maxLength: 6 }),
);

type TextStep = (text: string) => string;

/** Words of a text, white space kept with them, so that joining gives the text again. */
const wordsOf = (text: string) => text.match(/\S+\s*|\s+/g) ?? [];

const onWords = (change: (words: string[], index: number) => string[]) =>
  share.map((part): TextStep => {
    return (text) => {
      const words = wordsOf(text);
      return change(words, at(part, words.length)).join("");
    };
  });

const textStep: Arbitrary<TextStep> = fc.oneof(
  onWords((words, index) => words.toSpliced(index, 1)),
  onWords((words, index) => words.toSpliced(index, 0, ...words.slice(index, index + 3))),
  fc.tuple(share, share).map(([one, other]): TextStep => {
    return (text) => {
      const words = wordsOf(text);
      const moved = words.splice(at(one, words.length), 1);
      return words.toSpliced(at(other, words.length + 1), 0, ...moved).join("");
    };
  }),
  fc.tuple(share, word).map(([part, added]): TextStep => {
    return (text) => {
      const words = wordsOf(text);
      return words.toSpliced(at(part, words.length + 1), 0, `${added} `).join("");
    };
  }),
  fc.tuple(share, word).map(([part, instead]): TextStep => {
    return (text) => {
      const words = wordsOf(text);
      return words.toSpliced(at(part, words.length), 1, `${instead} `).join("");
    };
  }),
  fc.tuple(share, fc.string({ unit: "binary", maxLength: 2 })).map(([part, characters]): TextStep => {
    return (text) => {
      const index = at(part, text.length + 1);
      return text.slice(0, index) + characters + text.slice(index + 1);
    };
  }),
);

const few = <T>(step: Arbitrary<T>) => fc.array(step, { maxLength: 4 });

/** The text of a config, none to four steps away from a good one. */
export const arbitraryText: Arbitrary<string> = fc
  .tuple(arbitraryConfig(), few(textStep))
  .map(([config, steps]) => steps.reduce((text, step) => step(text), print(config)));

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const oddValue: Arbitrary<Json> = fc.oneof(
  word,
  fc.constantFrom<Json>(null, true, -1, 1e308, 0.5, "", [], {}, [[]], { not: true }, "__proto__", [
    "@a",
    "@a",
  ]),
  fc.array(word, { maxLength: 40 }),
  fc.record({ not: fc.boolean(), values: fc.array(word, { maxLength: 20 }) }),
);

/** What is done to the part of the document where the way ends. */
const jsonChange: Arbitrary<(value: Json) => Json> = fc.oneof(
  oddValue.map((value) => () => value),
  fc.constant((value: Json): Json => (Array.isArray(value) ? [...value, ...value] : value)),
  fc.tuple(word, oddValue).map(([key, added]) => (value: Json): Json => {
    if (Array.isArray(value)) return [...value, added];
    return typeof value === "object" && value !== null ? { ...value, [key]: added } : added;
  }),
  share.map((part) => (value: Json): Json => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    const keys = Object.keys(value);
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== keys[at(part, keys.length)]));
  }),
);

/** Goes down as the way says, as far as there is something, and changes what is there. */
function changeAt(value: Json, way: readonly number[], change: (value: Json) => Json): Json {
  const [part, ...rest] = way;
  if (part === undefined || typeof value !== "object" || value === null) return change(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return change(value);
    const index = at(part, value.length);
    return value.with(index, changeAt(value[index] ?? null, rest, change));
  }
  const keys = Object.keys(value);
  const key = keys[at(part, keys.length)];
  return key === undefined ? change(value) : { ...value, [key]: changeAt(value[key] ?? null, rest, change) };
}

/** A config in JSON, none to four steps away from a good one. */
export const arbitraryJson: Arbitrary<Json> = fc
  .tuple(arbitraryConfig(), few(fc.tuple(fc.array(share, { maxLength: 8 }), jsonChange)))
  .map(([config, steps]) => {
    const json: Json = JSON.parse(JSON.stringify(config));
    return steps.reduce((value, [way, change]) => changeAt(value, way, change), json);
  });
