import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lexer, type Token } from "../src/lexer.ts";

function tokens(text: string): Token[] {
  const lexer = new Lexer(text);
  const all: Token[] = [];
  for (let token = lexer.next(); token.text !== ""; token = lexer.next()) all.push(token);
  return all;
}

const words = (text: string) => tokens(text).map((token) => token.text);
const places = (text: string) => tokens(text).map(({ line, column, endColumn }) => [line, column, endColumn]);

describe("the lexer", () => {
  it("separates words by white space of any kind, line ends included", () => {
    expect(words("flow\tssh\r\npermit\n\n match")).toEqual(["flow", "ssh", "permit", "match"]);
    expect(words("flow\u00a0ssh\u3000permit")).toEqual(["flow", "ssh", "permit"]);
  });

  it("takes braces and commas by themselves, wherever they stand", () => {
    expect(words("dstport{25,110}src{a b},")).toEqual([..."dstport { 25 , 110 } src { a b } ,".split(" ")]);
  });

  it("counts lines and columns from 1, a tab as one, in UTF-16 units", () => {
    expect(places("\tflow a\r\n  b\n# x\nc")).toEqual([
      [1, 2, 6],
      [1, 7, 8],
      [2, 3, 4],
      [4, 1, 2],
    ]);
    // Two units for the face, one for the umlaut.
    expect(places("\u{1f600} ü x")).toEqual([
      [1, 1, 3],
      [1, 4, 5],
      [1, 6, 7],
    ]);
  });

  it("gives comments to the token that they stand above or behind", () => {
    const [first, second] = tokens("# one\r\n#two\n\na#b c\n  #  indented\nd");
    expect(first?.above.map(({ text }) => text)).toEqual(["one", "two"]);
    expect(first?.behind).toEqual({ text: "b c", span: { line: 4, column: 2, endLine: 4, endColumn: 6 } });
    expect(second?.above.map(({ text }) => text)).toEqual([" indented"]);
    expect(second?.behind).toBeNull();
  });

  it("ends with the end, and stays there", () => {
    const lexer = new Lexer("a # b\n# c\r\n");
    expect(lexer.next().text).toBe("a");
    const end = lexer.next();
    expect(end).toMatchObject({ text: "", line: 3, column: 1, endColumn: 1 });
    expect(end.above.map(({ text }) => text)).toEqual(["c"]);
    expect(lexer.next()).toMatchObject({ text: "", line: 3, column: 1, above: [] });
  });

  it("finds every token where it says it stands", () => {
    const alphabet = fc.constantFrom(
      "a",
      "ü",
      "{",
      ",",
      "}",
      "#",
      " ",
      "\t",
      "\n",
      "\r\n",
      "\r",
      "\u{1f600}",
    );
    fc.assert(
      fc.property(fc.array(alphabet), (parts) => {
        const text = parts.join("");
        const lines = text.split("\n");
        for (const { text: word, line, column, endColumn } of tokens(text)) {
          expect(lines[line - 1]?.slice(column - 1, endColumn - 1)).toBe(word);
        }
      }),
    );
  });
});
