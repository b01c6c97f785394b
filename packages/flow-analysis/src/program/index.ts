export { PROVEN, type ProgramText, type Proof, type ProofOptions, Proofs, proveProgram } from "./proof.ts";
