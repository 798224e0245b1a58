import { expect, test } from '@jest/globals';
import { Echoes } from '../../src/cluster/echoes.ts';
import { MAX_MESSAGES } from '../../src/cluster/script.ts';
import { loginNews } from '../../src/cluster/wire.ts';
import { loginOf, START } from '../store/fixture.ts';

function newsOf(
  user: string,
  node = 'pop1',
): { readonly news: string[]; readonly member: string; readonly value: string } {
  const news = loginNews(loginOf('198.51.100.7', START, user), node, START);
  return { news, member: `198.51.100.7 ${user}`, value: `${START} ${START + 60_000} ${news[5]}` };
}

test('knows what it told when it comes back, once', () => {
  const echoes = new Echoes();
  const { news, member, value } = newsOf('alice');
  echoes.expect([news]);
  expect(echoes.take(member, value)).toBe(true);
  expect(echoes.take(member, value)).toBe(false); // somebody else has told it since
});

test('takes the news of another user, or of another node, for news', () => {
  const echoes = new Echoes();
  echoes.expect([newsOf('alice').news]);
  const [bob, other] = [newsOf('bob'), newsOf('alice', 'pop2')];
  expect(echoes.take(bob.member, bob.value)).toBe(false);
  expect(echoes.take(other.member, other.value)).toBe(false);
});

test('expects nothing that the server has not passed on', () => {
  const echoes = new Echoes();
  const { news, member, value } = newsOf('alice');
  echoes.expect([news]);
  echoes.forget([news]);
  expect(echoes.take(member, value)).toBe(false);
});

test('expects no more than the stream holds, the last that it told', () => {
  const echoes = new Echoes();
  const told = Array.from({ length: MAX_MESSAGES + 1 }, (_, index) => newsOf(`user${index}`));
  echoes.expect(told.map(({ news }) => news));
  const heard = told.filter(({ member, value }) => !echoes.take(member, value));
  expect(heard.map(({ member }) => member)).toEqual(['198.51.100.7 user0']);
});
