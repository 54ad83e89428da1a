-- Saves what the holder did, if it still is the holder and nothing else was
-- saved meanwhile (compare-and-swap on the version). Where Redis itself went
-- back, by a fail-over or a restart that forgot, what the holder knows is the
-- later truth, unless somebody has taken hold of the operation since.
-- KEYS operation, lock, due, mine, audit
-- ARGV id, holder, version, record, state, lease (ms, 0 = let go), again (ms
--      from now at which somebody must look, or draw what came of it), keep (ms, 0 = for ever), card,
--      line...
-- Returns 1, also for the same save repeated, and for another save after one
-- whose answer the holder never got; 0 when somebody else has it; -1 when the
-- record is gone.
local op = redis.call('HMGET', KEYS[1], 'version', 'holder', 'saved')
if not op[1] then return -1 end
local mine = ARGV[2] .. ':' .. ARGV[3] .. ':'
local mark = mine .. redis.sha1hex(table.concat(ARGV, ' ', 4))
if op[3] == mark then
  redis.call('HSET', KEYS[1], 'saved', mark) -- so that a WAIT after a repeated save waits for it
  return 1
end
local next = string.format('%d', ARGV[3] + 1)
local unheard = op[1] == next and string.sub(op[3] or '', 1, #mine) == mine
local holds = op[2] == ARGV[2]
local forgot = tonumber(op[1]) < tonumber(ARGV[3]) and (holds or not op[2] or op[2] == '')
if not forgot and not (holds and (op[1] == ARGV[3] or unheard)) then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
-- What the record cannot take does not happen.
for i = 10, #ARGV do redis.call('XADD', KEYS[#KEYS], '*', 'line', ARGV[i]) end
redis.call('HSET', KEYS[1], 'record', ARGV[4], 'state', ARGV[5], 'version', next, 'saved', mark)
local lease, again, keep = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if forgot then -- the rest of what the click had made (claim.lua)
  redis.call('PERSIST', KEYS[1])
  redis.call('HSET', KEYS[1], 'holder', ARGV[2], 'card', ARGV[9])
  redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', lease + again + 600000)
  redis.call('ZADD', KEYS[4], 1e14 + now, ARGV[1])
end
if lease > 0 then
  redis.call('HSET', KEYS[1], 'lease', now + lease)
  redis.call('ZADD', KEYS[3], now + lease, ARGV[1])
else
  redis.call('HSET', KEYS[1], 'holder', '', 'lease', 0)
  redis.call('ZADD', KEYS[3], now + again, ARGV[1])
end
-- The ticket stays locked while a step may still be under way.
if redis.call('GET', KEYS[2]) == ARGV[1] then
  if ARGV[5] == 'running' then
    redis.call('PEXPIRE', KEYS[2], lease + again + 600000)
  else
    redis.call('DEL', KEYS[2])
  end
end
if keep > 0 then
  redis.call('PEXPIRE', KEYS[1], keep)
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 1
