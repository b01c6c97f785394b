export { PROVEN, type ProgramText, type Proof, type ProofOptions, Proofs, proveProgram } from "./proof.ts";
export type { Piece } from "./restore-text.ts";
