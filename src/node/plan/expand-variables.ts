// `$(NAME)` in values, commands and arguments; `$$` stands for one `$`. Unknown names stay as they
// are.

/** Replaces every `$(NAME)` that `lookup` knows. */
export function expandVariables(
  text: string,
  lookup: (name: string) => string | undefined,
): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    return lookup(name) ?? whole;
  });
}
