/** man(7) as text: what a page is made of, with everything escaped that roff would take for its own. */

/** The page's first line and its NAME. */
export function heading(name: string, chapter: number, about: string): string[] {
  return [`.TH ${name.toUpperCase()} ${chapter} "" relaypass`, '.SH NAME', `${escape(name)} \\- ${escape(about)}`];
}

export function section(title: string, ...body: readonly string[]): string[] {
  return [`.SH "${escape(title.toUpperCase())}"`, ...body];
}

export function subsection(title: string, ...body: readonly string[]): string[] {
  return [`.SS "${escape(title)}"`, ...body];
}

export function paragraph(text: string): string[] {
  return ['.PP', inline(text)];
}

/** A term and what it means; the term in bold. */
export function definition(term: string, text: string): string[] {
  return ['.TP', `\\fB${escape(term)}\\fR`, inline(text)];
}

export function bullet(text: string): string[] {
  return ['.IP \\(bu 2', inline(text)];
}

/** Lines as they are. */
export function literal(lines: readonly string[]): string[] {
  return ['.PP', '.RS 4', '.nf', ...lines.map((line) => guard(escape(line))), '.fi', '.RE'];
}

/** Text in which `code` is bold. */
export function inline(text: string): string {
  return guard(escape(text).replaceAll(/`([^`]+)`/g, '\\fB$1\\fR'));
}

function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

/** A line that begins with a dot would be a request. */
function guard(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line;
}
