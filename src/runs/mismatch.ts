import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** The dotted key of what does not fit a schema. */
export const keyOf = ({ path }: Issue): string => path.join(".");

/** What is there, in the value that does not fit. */
export const foundBy = ({ path }: Issue, value: unknown): unknown =>
  path.reduce<unknown>((tree, name) => (tree as Record<PropertyKey, unknown> | undefined)?.[name], value);

/** What does not fit, in words: `batch: expected at least 1, got 0.` */
export function problemOf(issue: Issue, value: unknown): string {
  const choice = issue.code === "invalid_value" ? "one of " : "";
  return `${keyOf(issue)}: expected ${choice}${expectation(issue)}, got ${show(foundBy(issue, value))}.`;
}

/** A value as it is printed, cut where it is long. */
export function show(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length <= mostShown ? text : `${text.slice(0, mostShown)}...`;
}

const mostShown = 100;

/** What would have been right. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      return `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`;
    case "invalid_value":
      return issue.values.map(String).join(", ");
    case "invalid_format":
      return "lower-case letters, digits and hyphens";
    case "invalid_union":
      return issue.errors.map(([first]) => expectation(first!)).join(" or ");
    default:
      return issue.message;
  }
}
