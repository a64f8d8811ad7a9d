import { RedisScript } from './redis-script.js';

/**
 * Exact decimals that are not negative: a string of digits and a number of places, as \`1995e-2\`. Lua's numbers are doubles, so
 * digits are added in groups that a double holds exactly.
 */
const DECIMALS = `
local function strip(digits) return string.match(digits, '^0*(%d+)$') end

local function parse(text)
  local digits, places = string.match(text, '^(%d+)e%-(%d+)$')
  if not digits then error('stele:damaged') end
  return { digits = strip(digits), places = tonumber(places) }
end

local function show(a) return a.digits .. 'e-' .. string.format('%.0f', a.places) end

local ZERO = { digits = '0', places = 0 }

local function digitsAt(a, places)
  if a.places == places or a.digits == '0' then return a.digits end
  return a.digits .. string.rep('0', places - a.places)
end

-- The n-th group of digits from the right, counted from 0.
local function group(digits, n, width) return tonumber(string.sub(digits, -(n + 1) * width, -n * width - 1)) or 0 end

local function joined(groups)
  local out = {}
  for i = #groups, 1, -1 do out[#out + 1] = groups[i] end
  return strip(table.concat(out))
end

local function exceeds(a, b)
  local places = math.max(a.places, b.places)
  local x, y = digitsAt(a, places), digitsAt(b, places)
  if #x ~= #y then return #x > #y end
  return x > y
end

local function plus(a, b)
  local places = math.max(a.places, b.places)
  local x, y = digitsAt(a, places), digitsAt(b, places)
  if #x <= 15 and #y <= 15 then
    return { digits = string.format('%.0f', tonumber(x) + tonumber(y)), places = places }
  end
  local groups, carry = {}, 0
  for n = 0, math.floor(math.max(#x, #y) / 15) do
    local sum = group(x, n, 15) + group(y, n, 15) + carry
    carry = sum >= 1e15 and 1 or 0
    groups[n + 1] = string.format('%015.0f', sum - carry * 1e15)
  end
  return { digits = joined(groups), places = places }
end

-- b is not above a.
local function minus(a, b)
  if exceeds(b, a) then error('stele:damaged') end
  local places = math.max(a.places, b.places)
  local x, y = digitsAt(a, places), digitsAt(b, places)
  if #x <= 15 then return { digits = string.format('%.0f', tonumber(x) - tonumber(y)), places = places } end
  local groups, borrow = {}, 0
  for n = 0, math.floor(#x / 15) do
    local rest = group(x, n, 15) - group(y, n, 15) - borrow
    borrow = rest < 0 and 1 or 0
    groups[n + 1] = string.format('%015.0f', rest + borrow * 1e15)
  end
  return { digits = joined(groups), places = places }
end

-- By a whole number up to 10,000,000.
local function times(a, factor)
  local groups, carry = {}, 0
  for n = 0, math.floor(#a.digits / 7) + 1 do
    local product = group(a.digits, n, 7) * factor + carry
    carry = math.floor(product / 1e7)
    groups[n + 1] = string.format('%07.0f', product - carry * 1e7)
  end
  return { digits = joined(groups), places = a.places }
end
`;

/**
 * What limits keep. Times are whole milliseconds since 1970.
 *
 * `state`: the version, the latest time at which anything was charged or dropped, and how many numbers were given out.
 * `keys`: by SHA-256 of the key: its number, the period, the sum and the number of its entries, a time up to which entries have been
 * dropped, and when all that are left will have passed; by this time the digests stand in `ends`.
 * `entries`: `<number>:<time, 16 digits>:<cost>`, ordered as text.
 * `reservations`: what may still be given back, as JSON; in `pending` by when it expires.
 */
const WINDOWS = `
local STATE, WINDOWS, ENDS, ENTRIES, RESERVATIONS, PENDING = unpack(KEYS)
local LAST = 9007199254740991
local call = cjson.decode(ARGV[1])

local version = redis.call('HGET', STATE, 'version')
if version and version ~= '1' then return { 'version' } end

local function whole(time) return math.min(math.ceil(time), LAST) end
local function number(value) return string.format('%.0f', value) end

-- Where entries of a time begin.
local function from(window, time) return window.number .. ':' .. string.format('%016.0f', math.max(time, 0)) end
local function after(window, time) return from(window, math.floor(math.max(time, -1)) + 1) end

local now
local clock = call.clock
if not clock then
  local time = redis.call('TIME')
  clock = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function tick()
  local latest = tonumber(redis.call('HGET', STATE, 'latest') or 0)
  if latest - clock > call.skew then return false end
  now = math.max(math.floor(clock), latest, call.seen)
  return true
end

local function remember() redis.call('HSET', STATE, 'version', '1', 'latest', number(now)) end

-- Entries from a place in the order to the end of the window, oldest first; each is handed to a function until it returns true.
local function each(window, begin, finish, visit)
  local begins = '[' .. begin
  while true do
    local page = redis.call('ZRANGEBYLEX', ENTRIES, begins, finish, 'LIMIT', 0, 500)
    for _, member in ipairs(page) do
      local time, cost = string.match(member, '^%d+:(%d+):(.*)$')
      if not time then error('stele:damaged') end
      if visit(tonumber(time), parse(cost), member) then return end
    end
    if #page < 500 then return end
    begins = '(' .. page[500]
  end
end
local function ending(window) return '(' .. window.number .. ';' end

local function load(digest)
  local packed = redis.call('HGET', WINDOWS, digest)
  if not packed then return nil end
  local id, period, used, size, passed, ended = string.match(packed, '^(%d+) (%S+) (%S+) (%d+) (%d+) (%d+)$')
  if not id then error('stele:damaged') end
  return { digest = digest, number = id, period = tonumber(period), used = parse(used), size = tonumber(size),
    passed = tonumber(passed), ended = tonumber(ended) }
end

local function save(window)
  redis.call('HSET', WINDOWS, window.digest, window.number .. ' ' .. string.format('%.17g', window.period) .. ' ' .. show(window.used)
    .. ' ' .. number(window.size) .. ' ' .. number(window.passed) .. ' ' .. number(window.ended))
  redis.call('ZADD', ENDS, number(window.ended), window.digest)
end

local function forget(window)
  redis.call('ZREMRANGEBYLEX', ENTRIES, '[' .. window.number .. ':', ending(window))
  redis.call('HDEL', WINDOWS, window.digest)
  redis.call('ZREM', ENDS, window.digest)
end

-- The charges to a key, with nothing in them that has passed.
local function open(digest)
  local window = load(digest)
  if window and window.ended <= now then
    forget(window)
    remember()
    window = nil
  end
  if not window then
    -- Whatever was charged to it before has passed.
    return { digest = digest, period = 0, used = ZERO, size = 0, passed = now - 1, ended = now }
  end
  local dropped, latest, used = 0, nil, window.used
  local finish = '(' .. after(window, now - window.period)
  each(window, window.number .. ':', finish, function(time, cost)
    used, latest, dropped = minus(used, cost), time, dropped + 1
  end)
  if dropped > 0 then
    window.used, window.passed, window.size = used, latest, window.size - dropped
    redis.call('ZREMRANGEBYLEX', ENTRIES, '[' .. window.number .. ':', finish)
    save(window)
    remember()
  end
  return window
end
`;

const RESERVE = `
local function usedWithin(window, period)
  if period >= window.period or not window.number then return window.used end
  local sum = ZERO
  each(window, after(window, now - period), ending(window), function(_, cost) sum = plus(sum, cost) end)
  return sum
end

local function freeAt(window, excess, period)
  local freed, at = ZERO, nil
  each(window, after(window, now - period), ending(window), function(time, cost)
    freed = plus(freed, cost)
    if not exceeds(excess, freed) then
      at = time + period
      return true
    end
  end)
  if not at then error('stele:damaged') end
  return at
end

-- Neighbours merge into the later of them, until each pair holds more than four parts in \`most\` of what there is.
local function merge(window, most, amount)
  local capacity = times(exceeds(window.used, amount) and window.used or amount, 4)
  local kept, last = {}, nil
  each(window, window.number .. ':', ending(window), function(time, cost)
    local sum = last and plus(last.cost, cost)
    if not sum or exceeds(times(sum, most), capacity) then
      last = { time = time, cost = cost }
      kept[#kept + 1] = last
    else
      last.time, last.cost = time, sum
    end
  end)
  redis.call('ZREMRANGEBYLEX', ENTRIES, '[' .. window.number .. ':', ending(window))
  for _, entry in ipairs(kept) do
    redis.call('ZADD', ENTRIES, 0, from(window, entry.time) .. ':' .. show(entry.cost))
  end
  window.size = #kept
end

local function add(window, total)
  window.number = window.number or number(redis.call('HINCRBY', STATE, 'numbers', 1))
  local at = from(window, now)
  local present = redis.call('ZRANGEBYLEX', ENTRIES, '[' .. at .. ':', '(' .. at .. ';', 'LIMIT', 0, 1)[1]
  local cost = total
  if present then
    cost = plus(parse(string.sub(present, #at + 2)), total)
    redis.call('ZREM', ENTRIES, present)
  else
    window.size = window.size + 1
  end
  redis.call('ZADD', ENTRIES, 0, at .. ':' .. show(cost))
  window.used = plus(window.used, total)
  window.ended = whole(now + window.period)
end

-- Some at a time, so that no caller waits for the deletion of a great many.
local function forgetPassed()
  local entries = 0
  for _, digest in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', number(now), 'LIMIT', 0, 64)) do
    local window = load(digest)
    if not window then error('stele:damaged') end
    if entries > 10000 then return end
    entries = entries + window.size
    forget(window)
    remember()
  end
end

local function dropExpired()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', PENDING, '-inf', number(now), 'LIMIT', 0, 64)) do
    redis.call('HDEL', RESERVATIONS, id)
    redis.call('ZREM', PENDING, id)
  end
end

-- A connection that was lost may have been asked again: what was charged is not charged twice.
local made = redis.call('HGET', RESERVATIONS, call.id)
if made then return { 'ok', number(call.seen), unpack(cjson.decode(made).remaining) } end
if not tick() then return { 'clock' } end

local windows = {}
for i, key in ipairs(call.keys) do
  windows[i] = open(key.digest)
  windows[i].period = math.max(windows[i].period, key.period)
end

local left, place, latest = {}, nil, -math.huge
for i, charge in ipairs(call.charges) do
  local window, amount = windows[charge.key], parse(charge.amount)
  local total, used = parse(call.keys[charge.key].total), usedWithin(window, charge.period)
  left[i] = exceeds(used, amount) and ZERO or minus(amount, used)
  local wanted = plus(used, total)
  if exceeds(wanted, amount) then
    local free = math.huge
    if not exceeds(total, amount) then free = freeAt(window, minus(wanted, amount), charge.period) end
    if free > latest then place, latest = i - 1, free end
  end
end

local remaining = {}
if place then
  for i, one in ipairs(left) do remaining[i] = show(one) end
  local retry = latest < math.huge and string.format('%.17g', math.ceil(latest - clock)) or ''
  return { 'no', number(now), number(place), retry, unpack(remaining) }
end
for i, charge in ipairs(call.charges) do remaining[i] = show(minus(left[i], parse(call.keys[charge.key].total))) end

local costly, fresh = false, 0
for i, key in ipairs(call.keys) do
  if parse(key.total).digits ~= '0' then
    costly = true
    if not windows[i].number then fresh = fresh + 1 end
  end
end
if not costly then return { 'ok', number(now), unpack(remaining) } end

if fresh > 0 then
  forgetPassed()
  if redis.call('HLEN', WINDOWS) + fresh > call.maxKeys then return { 'keys' } end
end
dropExpired()
if redis.call('ZCARD', PENDING) >= call.maxPending then return { 'pending' } end

remember()
for i, key in ipairs(call.keys) do
  local total = parse(key.total)
  if total.digits ~= '0' then
    add(windows[i], total)
    for _, charge in ipairs(call.charges) do
      if charge.key == i and windows[i].size > charge.most and parse(charge.cost).digits ~= '0' then
        merge(windows[i], charge.most, parse(charge.amount))
      end
    end
    save(windows[i])
  end
end
local parts = {}
for i, charge in ipairs(call.charges) do
  if parse(charge.cost).digits ~= '0' then parts[#parts + 1] = { i - 1, call.keys[charge.key].digest, charge.cost } end
end
local expires = number(whole(now + call.ttl))
redis.call('HSET', RESERVATIONS, call.id,
  cjson.encode({ time = number(now), expires = expires, parts = parts, remaining = remaining }))
redis.call('ZADD', PENDING, expires, call.id)
return { 'ok', number(now), unpack(remaining) }
`;

const RELEASE = `
local packed = redis.call('HGET', RESERVATIONS, call.id)
if not packed then return { 'ok', number(call.seen) } end
if not tick() then return { 'clock' } end
local reservation = cjson.decode(packed)
redis.call('HDEL', RESERVATIONS, call.id)
redis.call('ZREM', PENDING, call.id)
remember()
if now >= tonumber(reservation.expires) then return { 'ok', number(now) } end

local kept = {}
if call.which then
  for _, part in ipairs(reservation.parts) do kept[part[1]] = true end
  for _, place in ipairs(call.which) do kept[place] = nil end
end
local time = tonumber(reservation.time)
for _, part in ipairs(reservation.parts) do
  local window = not kept[part[1]] and open(part[2])
  if window and window.number and time > window.passed then
    -- Charges merge into later ones: the first entry at or after that time holds what was charged then.
    local at, cost, member
    each(window, from(window, time), ending(window), function(...)
      at, cost, member = ...
      return true
    end)
    if not at then error('stele:damaged') end
    local rest = minus(cost, parse(part[3]))
    redis.call('ZREM', ENTRIES, member)
    if rest.digits ~= '0' then redis.call('ZADD', ENTRIES, 0, from(window, at) .. ':' .. show(rest))
    else window.size = window.size - 1 end
    window.used = minus(window.used, parse(part[3]))
    if window.size > 0 then save(window) else forget(window) end
  end
end
return { 'ok', number(now) }
`;

const COMMIT = `
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('ZREM', KEYS[6], ARGV[1])
return { 'ok' }
`;

export const RESERVE_SCRIPT = new RedisScript(DECIMALS + WINDOWS + RESERVE);
export const RELEASE_SCRIPT = new RedisScript(DECIMALS + WINDOWS + RELEASE);
export const COMMIT_SCRIPT = new RedisScript(COMMIT);

/** For tests of the decimals alone: does to two of them what it is told. */
export const DECIMAL_SCRIPT = new RedisScript(`${DECIMALS}
local a, b = parse(ARGV[2]), parse(ARGV[3])
if ARGV[1] == 'exceeds' then return tostring(exceeds(a, b)) end
if ARGV[1] == 'plus' then return show(plus(a, b)) end
if ARGV[1] == 'minus' then return show(minus(a, b)) end
return show(times(a, tonumber(ARGV[3]:match('^%d+'))))
`);
