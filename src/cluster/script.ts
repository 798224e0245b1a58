/**
 * The one script that changes what the nodes share, run by the server and so atomic. Its rules decide every doubt:
 *
 * - Only the server's clock counts. A producer says how old its news is and what the server's time was when it sent
 *   them: what was held up on the way (a frozen server, a full queue) is older by that. So neither a skewed clock nor a
 *   late or repeated message lengthens anybody's access.
 * - A login is refused when it is past, when a tombstone at or after it covers it, or when it ends no later than the one
 *   that is there. One that is buried or lies ahead of the clock counts as none.
 * - A tombstone is only ever raised.
 * - The clock went back (another server took over): what lies ahead of it is dropped, and the nodes tell anew what they
 *   know, since its remaining time cannot be told.
 *
 * Keys, all with the hash tag of the namespace:
 *
 *     {NS}:meta        hash: epoch (another one: begun anew; each run makes one where there is none), seq (counts the messages)
 *     {NS}:expiries    sorted set: member -> when it ends, ms of the server
 *     {NS}:records     hash: member -> "AT ENDS RECORD"; a member is "ADDRESS USER", a record JSON (see wire.ts)
 *     {NS}:tombstones  sorted set: mark (see store/tombstones.ts) -> when, ms of the server
 *     {NS}:lengths     set: the lengths of the network marks in use
 *     {NS}:stream      the changes: q SEQ m MEMBER v "AT ENDS RECORD", or q SEQ t MARK a AT
 *
 * Arguments: the time of sending, then any number of
 *
 *     login AGE LIFE MEMBER NETWORK-MARK RECORD   -> shared, known, stale or buried
 *     purge AGE MARK                              -> shared or known
 *     forget MEMBER NETWORK-MARK                  -> known: drops one that is buried or lies ahead of the clock
 *     restart EPOCH                               -> shared or known
 *
 * Returns the server's time, epoch, seq and last stream id, then one verdict for each.
 */

/** The keys in the script's order. */
export function keysOf(namespace: string) {
  const key = (name: string) => `{${namespace}}:${name}`;
  return {
    meta: key('meta'),
    expiries: key('expiries'),
    records: key('records'),
    tombstones: key('tombstones'),
    lengths: key('lengths'),
    stream: key('stream'),
  } as const;
}

export type Keys = ReturnType<typeof keysOf>;

/** What became of a piece of news. */
export type Verdict = 'shared' | 'known' | 'stale' | 'buried';

/** Of the stream: ten seconds of 2,000 logins each; who lags further finds a gap in `seq` and reads all anew. */
export const MAX_MESSAGES = 20_000;
/** A login of a purged member may be told that late: longer than any life. */
const KEEP_TOMBSTONES_MS = 90_000_000;
/** No login permits longer, whatever a producer says: like MAX_LIFE_MS of the store. */
const MAX_LIFE_MS = 86_400_000;

export const SCRIPT = `
local meta, expiries, records, tombstones, lengths, stream = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local late = math.max(0, now - tonumber(ARGV[1]))

local function text(number) return string.format('%.0f', number) end

local function publish(...)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  redis.call('XADD', stream, 'MAXLEN', '~', ${MAX_MESSAGES}, '*', 'q', seq, ...)
end

local function buriedAt(member, network)
  local latest = 0
  local function look(mark)
    local at = tonumber(redis.call('ZSCORE', tombstones, mark) or 0)
    latest = math.max(latest, math.min(at, now))
  end
  if redis.call('EXISTS', tombstones) == 0 then return latest end
  look('*')
  look('m' .. member)
  look('u' .. member:match('^%S+ (.*)$'))
  for _, length in ipairs(redis.call('SMEMBERS', lengths)) do
    if tonumber(length) <= #network then look(network:sub(1, length)) end
  end
  if #network == ${'n6'.length + 64} then look(network .. '+') end
  return latest
end

local function forgetPast()
  local past = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 3)
  if #past == 0 then return end
  redis.call('ZREM', expiries, unpack(past))
  redis.call('HDEL', records, unpack(past))
end

local function login(age, life, member, network, record)
  local at = now - math.max(0, age) - late
  local ends = at + math.min(life, ${MAX_LIFE_MS})
  if ends <= now then return 'stale' end
  local buried = buriedAt(member, network)
  if at <= buried then return 'buried' end
  local known = redis.call('HGET', records, member)
  if known then
    local knownAt, knownEnds = known:match('^(%d+) (%d+) ')
    knownAt, knownEnds = tonumber(knownAt), tonumber(knownEnds)
    if knownAt <= now and knownAt > buried and knownEnds >= ends then return 'known' end
  end
  forgetPast()
  local value = text(at) .. ' ' .. text(ends) .. ' ' .. record
  redis.call('ZADD', expiries, ends, member)
  redis.call('HSET', records, member, value)
  publish('m', member, 'v', value)
  return 'shared'
end

local function purge(age, mark)
  local at = now - math.max(0, age) - late
  redis.call('ZREMRANGEBYSCORE', tombstones, '-inf', now - ${KEEP_TOMBSTONES_MS})
  local known = tonumber(redis.call('ZSCORE', tombstones, mark) or 0)
  if at <= math.min(known, now) or at <= now - ${KEEP_TOMBSTONES_MS} then return 'known' end
  redis.call('ZADD', tombstones, at, mark)
  if mark:sub(1, 1) == 'n' then
    redis.call('SADD', lengths, #mark)
    local network = mark:sub(1, ${'n6'.length + 64})
    if mark:sub(2, 2) == '6' and #mark > #network then
      redis.call('ZADD', tombstones, 'GT', at, network .. '+')
    end
  end
  publish('t', mark, 'a', text(at))
  return 'shared'
end

local function forget(member, network)
  local at = tonumber((redis.call('HGET', records, member) or '0'):match('^%d+'))
  if at <= buriedAt(member, network) or at > now then
    redis.call('ZREM', expiries, member)
    redis.call('HDEL', records, member)
  end
  return 'known'
end

local function restart(epoch)
  if redis.call('HGET', meta, 'epoch') ~= epoch then return 'known' end
  redis.call('DEL', meta, expiries, records, stream)
  for _, mark in ipairs(redis.call('ZRANGEBYSCORE', tombstones, '(' .. text(now), '+inf')) do
    redis.call('ZADD', tombstones, now, mark)
  end
  return 'shared'
end

local verdicts = {}
local i = 2
while i <= #ARGV do
  if ARGV[i] == 'login' then
    verdicts[#verdicts + 1] = login(tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
    i = i + 6
  elseif ARGV[i] == 'purge' then
    verdicts[#verdicts + 1] = purge(tonumber(ARGV[i + 1]), ARGV[i + 2])
    i = i + 3
  elseif ARGV[i] == 'forget' then
    verdicts[#verdicts + 1] = forget(ARGV[i + 1], ARGV[i + 2])
    i = i + 3
  else
    verdicts[#verdicts + 1] = restart(ARGV[i + 1])
    i = i + 2
  end
end
local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local epoch = redis.call('HGET', meta, 'epoch')
if not epoch then
  epoch = time[1] .. '.' .. time[2]
  redis.call('HSET', meta, 'epoch', epoch)
end
local seq = redis.call('HGET', meta, 'seq') or '0'
return { text(now), epoch, seq, last and last[1] or '0-0', unpack(verdicts) }
`;
