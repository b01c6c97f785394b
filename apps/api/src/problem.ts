/**
 * The only writer of error bodies: RFC 9457 problem documents, with the diagnostics of the language in them.
 * What is thrown as a `Problem` is meant for the caller; anything else is logged and answered as "internal".
 */
import type { Problem as ProblemDocument } from "@flowmgr/flow-api";
import type { Diagnostic } from "@flowmgr/flow-model";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

type ProblemFields = {
	status: number;
	/** Stable, kebab-case, for programs; becomes `urn:flowmgr:problem:CODE`. */
	code: string;
	/** What kind of problem, the same for every occurrence. */
	title: string;
	/** What happened this time and what to do, a sentence for a person. */
	detail: string;
	diagnostics?: Diagnostic[];
	/** Further members of the document, e.g. the newer ETag of a 412. */
	extra?: Partial<Pick<ProblemDocument, "etag" | "changedBy" | "changedAt">>;
	/** Headers that the status calls for: `Retry-After`, `WWW-Authenticate`, `Allow`. */
	headers?: Record<string, string>;
};

/** An error that is an answer. */
export class Problem extends Error {
	readonly status: number;
	readonly code: string;
	readonly title: string;
	readonly detail: string;
	readonly diagnostics: Diagnostic[];
	readonly extra: NonNullable<ProblemFields["extra"]>;
	readonly headers: Record<string, string>;

	constructor(fields: ProblemFields) {
		super(`${fields.title}: ${fields.detail}`);
		this.name = "Problem";
		this.status = fields.status;
		this.code = fields.code;
		this.title = fields.title;
		this.detail = fields.detail;
		this.diagnostics = fields.diagnostics ?? [];
		this.extra = fields.extra ?? {};
		this.headers = fields.headers ?? {};
	}

	document(): ProblemDocument {
		const { status, code, title, detail, diagnostics, extra } = this;
		return {
			type: `urn:flowmgr:problem:${code}`,
			title,
			status,
			detail,
			diagnostics,
			...extra,
		};
	}
}

/** 404 for a thing that a path names. */
export function notFound(detail: string): Problem {
	return new Problem({
		status: 404,
		code: "not-found",
		title: "Not found",
		detail,
	});
}
