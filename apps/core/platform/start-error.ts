/** The process can't start; `message` is one clear line that says what to do. Printed without a stack, exit code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
