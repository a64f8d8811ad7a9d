import { RedisScript } from './redis-script.js';

/**
 * Exact decimals that are not negative: a string of digits and a number of places, as `1995e-2`. Lua's numbers are doubles, so
 * digits are added in groups that a double holds exactly.
 */
export const DECIMALS = `
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

/** For tests of the decimals alone: does to two of them what it is told. */
export const DECIMAL_SCRIPT = new RedisScript(`${DECIMALS}
local a, b = parse(ARGV[2]), parse(ARGV[3])
if ARGV[1] == 'exceeds' then return tostring(exceeds(a, b)) end
if ARGV[1] == 'plus' then return show(plus(a, b)) end
if ARGV[1] == 'minus' then return show(minus(a, b)) end
return show(times(a, tonumber(ARGV[3]:match('^%d+'))))
`);
