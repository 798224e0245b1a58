/** What `check` found about one thing. */
export interface Finding {
  readonly severity: 'ok' | 'warning' | 'error';
  /** What was looked at, and what was found. */
  readonly what: string;
  /** What to do about it; undefined where all is well. */
  readonly todo: string | undefined;
}

export function ok(what: string): Finding {
  return { severity: 'ok', what, todo: undefined };
}

export function warning(what: string, todo: string): Finding {
  return { severity: 'warning', what, todo };
}

export function error(what: string, todo: string): Finding {
  return { severity: 'error', what, todo };
}
