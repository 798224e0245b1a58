/** A plot of how times grow, both axes logarithmic: a straight level line is what does not grow. */

/** One curve: how long something took at a size. */
export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly size: number; readonly ms: number }[];
}

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 70, right: 150, top: 30, bottom: 40 };
const COLOURS = ['#0b6e99', '#b3541e', '#3a7d44', '#7a3e9d'];

/** The SVG document of `curves`. */
export function plot(title: string, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  const x = scale(
    points.map(({ size }) => size),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(
    points.map(({ ms }) => ms),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const sizes = [...new Set(points.map(({ size }) => size))];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(MARGIN.left, 18, title),
    ...sizes.map((size) => text(x.at(size), HEIGHT - 20, size.toLocaleString('en'), 'middle')),
    ...y.decades.map(
      (ms) =>
        line(MARGIN.left, y.at(ms), WIDTH - MARGIN.right, y.at(ms)) +
        text(MARGIN.left - 6, y.at(ms) + 4, `${ms} ms`, 'end'),
    ),
    ...curves.map((curve, index) => drawn(curve, COLOURS[index % COLOURS.length] ?? 'black', x.at, y.at)),
    '</svg>\n',
  ].join('\n');
}

function drawn(
  { name, points }: Curve,
  colour: string,
  x: (size: number) => number,
  y: (ms: number) => number,
): string {
  const path = points.map(({ size, ms }) => `${x(size).toFixed(1)},${y(ms).toFixed(1)}`);
  const last = points.at(-1);
  const label = last === undefined ? '' : text(x(last.size) + 8, y(last.ms) + 4, name, 'start', colour);
  return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${label}`;
}

function scale(values: readonly number[], from: number, to: number) {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const at = (value: number) => from + ((Math.log10(value) - low) / Math.max(1, high - low)) * (to - from);
  return {
    at,
    decades: Array.from({ length: high - low + 1 }, (_, index) => Number((10 ** (low + index)).toPrecision(1))),
  };
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1.toFixed(1)}" x2="${x2}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, words: string, anchor = 'start', colour = '#222'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${words}</text>`;
}
