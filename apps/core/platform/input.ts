import { z } from "zod";
import { type FieldError, Problem } from "./problem.ts";

const MOST_ERRORS = 20;
const LONGEST_FIELD = 100;

/**
 * Parses what came in from outside.
 * @param within the field that `value` is in, for naming: with `settings`, a missing secret is `settings.appSecret`
 * @throws {Problem} `invalid`, naming every field that is wrong and repeating no value
 */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown, within?: string): z.output<S> {
  const parsed = z.safeParse(schema, value, {
    error: (issue) => (issue.code === "invalid_type" && issue.input === undefined ? "is required" : undefined),
  });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, within)).slice(0, MOST_ERRORS);
  const [first] = errors;
  throw new Problem("invalid", first === undefined ? "The input is not valid." : sentence(first), { errors });
}

/** An unknown key is an error of its own field, not of the object around it. */
function fieldErrors(issue: z.core.$ZodIssue, within: string | undefined): FieldError[] {
  const path = [...(within === undefined ? [] : [within]), ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: fieldName([...path, key]), detail: "is not known here" }));
  }
  return [{ field: fieldName(path), detail: issue.message }];
}

/** A path as one name: `settings.appSecret`. Keys come from outside, so their length is capped. */
export function fieldName(path: readonly (string | number)[]): string {
  const name = path.join(".");
  return name.length > LONGEST_FIELD ? `${name.slice(0, LONGEST_FIELD)}…` : name;
}

function sentence(error: FieldError): string {
  return error.field === "" ? error.detail : `${error.field}: ${error.detail}`;
}
