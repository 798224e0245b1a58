/** The lines of a sendmail.cf that declare maps: `Kpopauth hash -T<TMPF> /var/lib/relaypass/popauth`. */

export interface MapLine {
  /** As rules call it. */
  readonly name: string;
  readonly type: string;
  /** A file without its suffix, or where a socket map is asked. */
  readonly place: string;
}

export function mapLinesOf(cf: string): MapLine[] {
  return [...cf.matchAll(MAP_LINE)].map(([, , name = '', type = '', place = '']) => ({ name, type, place }));
}

/** The configuration with the map `name` at another place. */
export function withPlace(cf: string, name: string, place: string): string {
  return cf.replace(MAP_LINE, (line, head: string, found: string) => (found === name ? head + place : line));
}

const MAP_LINE = /^(K(\S+)\s+(\S+)\s+(?:-\S+\s+)*)([^-\s]\S*)[ \t]*$/gm;
