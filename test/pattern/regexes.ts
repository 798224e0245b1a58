/** Small regexes as a pattern may hold them, many of which can be read in more ways than one. */
import * as fc from 'fast-check';

const { body } = fc.letrec<{ body: string; part: string }>((tie) => ({
  body: fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('a', 'b', 'ab', ',', '.', '[ab]', '[^a]', '[^,b]', '\\w', '\\s', '\\D'),
    tie('body').map((inner) => `(?:${inner})`),
    fc.tuple(tie('body'), tie('body')).map(([one, other]) => `(?:${one}|${other})`),
    fc
      .tuple(tie('body'), fc.constantFrom('?', '*', '+', '{2}', '{1,3}'))
      .map(([inner, count]) => `(?:${inner})${count}`),
  ),
}));

/** With two groups, so that what each captures can be compared. */
export const regexes = fc
  .tuple(body, body, body)
  .map(([one, two, three]) => `^${one}(?P<user>${two})(?P<key>${three})?$`);
