import { FEED_LENGTH } from '../record-backend.js';
import { RedisScript } from './redis-script.js';

/**
 * What a store keeps. A record is known by `<kind> <id>`.
 *
 * `state`: the version, what tells this feed from any other, and the number of the latest change.
 * `records`: their bytes. `ids`: what is in `records`, ordered as text. `tokens`: `<kind> <token> <id>`, ordered as text.
 * `token-lists`: the tokens of each record. `changes`: the feed, a stream whose entries are numbered from 1; each has the mark of the
 * write that made it.
 */
export const RECORD_KEYS = ['state', 'records', 'ids', 'tokens', 'token-lists', 'changes'] as const;

const STATE = `
local STATE, RECORDS, IDS, TOKENS, LISTS, CHANGES = unpack(KEYS)
local version = redis.call('HGET', STATE, 'version')
if version and version ~= '1' then return { 'version' } end
`;

/**
 * Makes all changes or none. ARGV: the changes as JSON, the mark of this write, which is also the feed's name if it has none; then
 * versions and contents.
 *
 * What a script has written stays when it fails further down. So what could fail is tried before: keys of a wrong type, and a
 * stream whose numbers are ahead, as after the server has lost a part of the keys.
 */
export const WRITE_SCRIPT = new RedisScript(`${STATE}
local changes = cjson.decode(ARGV[1])
redis.call('ZCARD', IDS)
redis.call('ZCARD', TOKENS)
redis.call('HLEN', LISTS)
local latest = redis.call('XREVRANGE', CHANGES, '+', '-', 'COUNT', 1)[1]
local isAhead = latest and latest[1] ~= '0-' .. (redis.call('HGET', STATE, 'place') or '0')

for _, change in ipairs(changes) do
  if change.expects == 'version' then
    if redis.call('HGET', RECORDS, change.name) ~= ARGV[change.version] then return { 'no' } end
  elseif (redis.call('HEXISTS', RECORDS, change.name) == 1) ~= (change.expects == 'present') then
    return { 'no' }
  end
end

local function retoken(change, tokens)
  local kind, id = string.match(change.name, '^(%S+) (.*)$')
  for token in string.gmatch(redis.call('HGET', LISTS, change.name) or '', '%S+') do
    redis.call('ZREM', TOKENS, kind .. ' ' .. token .. ' ' .. id)
  end
  for token in string.gmatch(tokens or '', '%S+') do
    redis.call('ZADD', TOKENS, 0, kind .. ' ' .. token .. ' ' .. id)
  end
end

redis.call('HSET', STATE, 'version', '1')
redis.call('HSETNX', STATE, 'epoch', ARGV[2])
if isAhead then
  redis.call('DEL', CHANGES)
  redis.call('HSET', STATE, 'epoch', ARGV[2])
end
for _, change in ipairs(changes) do
  local deletes = change.next == 'none' and change.expects ~= 'none'
  if deletes then
    retoken(change, nil)
    redis.call('HDEL', RECORDS, change.name)
    redis.call('HDEL', LISTS, change.name)
    redis.call('ZREM', IDS, change.name)
  elseif change.next == 'content' then
    retoken(change, change.tokens)
    redis.call('HSET', RECORDS, change.name, ARGV[change.content])
    redis.call('HSET', LISTS, change.name, change.tokens)
    redis.call('ZADD', IDS, 0, change.name)
  end
  if deletes or change.next == 'content' then
    local place = string.format('%.0f', redis.call('HINCRBY', STATE, 'place', 1))
    redis.call('XADD', CHANGES, 'MAXLEN', '~', ${FEED_LENGTH + 1000}, '0-' .. place, 'name', change.name, 'deleted', deletes and '1' or '0', 'mark', ARGV[2])
  end
end
return { 'yes' }
`);

/** Records of a range. ARGV: 'ids' or 'tokens', the ends of the range, how many. */
export const LIST_SCRIPT = new RedisScript(`${STATE}
local members = redis.call('ZRANGEBYLEX', ARGV[1] == 'ids' and IDS or TOKENS, ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local found = { 'yes' }
for _, member in ipairs(members) do
  local name = member
  if ARGV[1] == 'tokens' then name = string.gsub(member, '^(%S+) %S+ ', '%1 ') end
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', RECORDS, name)
end
return found
`);

const MARK = `
local function markAt(place)
  local entry = redis.call('XRANGE', CHANGES, '0-' .. place, '0-' .. place)[1]
  return entry and entry[2][6] or ''
end
`;

/** The feed's name, its latest change and the mark of it. ARGV: a name for the feed if it has none. */
export const LATEST_SCRIPT = new RedisScript(`${STATE}${MARK}
redis.call('HSETNX', STATE, 'epoch', ARGV[1])
local place = redis.call('HGET', STATE, 'place') or '0'
return { 'yes', redis.call('HGET', STATE, 'epoch'), place, markAt(place) }
`);

/**
 * Some changes after one, in order. ARGV: the feed's name, the number of the one, its mark: a server that has lost its latest changes
 * gives their numbers to others.
 */
export const CHANGES_SCRIPT = new RedisScript(`${STATE}${MARK}
local place, latest = tonumber(ARGV[2]), tonumber(redis.call('HGET', STATE, 'place') or 0)
if redis.call('HGET', STATE, 'epoch') ~= ARGV[1] or place > latest or markAt(ARGV[2]) ~= ARGV[3] then return { 'expired' } end
if place == latest then return { 'yes' } end
local entries = redis.call('XRANGE', CHANGES, '(0-' .. ARGV[2], '+', 'COUNT', 256)
local found = { 'yes' }
for i, entry in ipairs(entries) do
  if entry[1] ~= '0-' .. string.format('%.0f', place + i) then return { 'expired' } end
  found[#found + 1] = entry[2][2]
  found[#found + 1] = entry[2][4]
  found[#found + 1] = entry[2][6] or ''
end
if #entries == 0 then return { 'expired' } end
return found
`);
