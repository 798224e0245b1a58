/**
 * The Markdown of this project's own documents as man(7): sections, paragraphs, lists, code.
 *
 * Limits: no tables, links or numbered lists; what is none of the above is a paragraph.
 */
import { bullet, literal, paragraph, section } from './roff.ts';

/** The sections of `text` from its first `## ` on. */
export function sections(text: string): string[] {
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [title = '', ...lines] = part.split('\n');
      return section(title, ...blocks(lines.join('\n')));
    });
}

function blocks(text: string): string[] {
  const parts: string[] = [];
  for (const part of text.split(/\n(?:[ \t]*\n)+/).map((each) => each.replace(/^\n|\s+$/g, ''))) {
    const last = parts.at(-1);
    if (last !== undefined && isCode(last) && isCode(part)) parts.push(`${parts.pop()}\n\n${part}`);
    else if (part !== '') parts.push(part);
  }
  return parts.flatMap(block);
}

function isCode(text: string): boolean {
  return text.startsWith('    ');
}

function block(text: string): string[] {
  if (isCode(text)) return literal(text.split('\n').map((line) => line.replace(/^ {4}/, '')));
  if (text.startsWith('- ')) return text.split(/^- /m).filter(Boolean).map(joined).flatMap(bullet);
  const list = text.search(/^- /m);
  if (list > 0) return [...block(text.slice(0, list).trimEnd()), ...block(text.slice(list))];
  return paragraph(joined(text));
}

/** `[text](address)` becomes its text. */
function joined(text: string): string {
  return text
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}
