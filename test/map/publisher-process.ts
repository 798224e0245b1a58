/** A process that lets addresses come and go and publishes, until it is killed. Arguments: as {@link MapPlace} needs. */
import { MapPlace } from './map-place.ts';

const place = new MapPlace(process.argv[2]);
const store = await place.open();
const publisher = place.publisher({ store, amender: place.amender });
for (let turn = 1; ; turn++) {
  store.purge({ user: `user-${turn - 3}` });
  store.record({ logins: [place.login(`198.51.100.${(turn % 250) + 1}`, `user-${turn}`)] });
  await publisher.publishNow();
  process.stdout.write('published\n');
}
