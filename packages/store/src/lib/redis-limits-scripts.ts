import { DECIMALS } from './redis-decimals.js';
import { RedisScript } from './redis-script.js';
import { WINDOWS } from './redis-windows.js';

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
