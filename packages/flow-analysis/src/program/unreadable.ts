/** A text that a program may not hold; the message names the word. */
export class UnreadableProgram extends Error {
  override name = "UnreadableProgram";
}
