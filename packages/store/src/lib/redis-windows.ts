/**
 * What limits keep. Times are whole milliseconds since 1970.
 *
 * `state`: the version, the latest time at which anything was charged or dropped, and how many numbers were given out.
 * `keys`: by SHA-256 of the key: its number, the period, the sum and the number of its entries, a time up to which entries have been
 * dropped, and when all that are left will have passed; by this time the digests stand in `ends`.
 * `entries`: `<number>:<time, 16 digits>:<cost>`, ordered as text.
 * `reservations`: what may still be given back, as JSON; in `pending` by when it expires.
 */
export const WINDOWS = `
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
