-- Cancels an operation that still waits for its author. The record goes with
-- its time to live, so that a second click can be told; what was typed at once.
-- KEYS operation, mine, typed, audit   ARGV id, owner, line...
-- Returns {how, record, state, version, card}; how is ok, gone, owner or
-- state (it no longer waits); ok again when it was cancelled before.
local op = redis.call('HMGET', KEYS[1], 'record', 'owner', 'state', 'version', 'card')
if not op[1] then return {'gone'} end
local function answer(how) return {how, op[1], op[3], op[4], op[5] or ''} end
if op[2] ~= ARGV[2] then return answer('owner') end
if op[3] == 'cancelled' then return answer('ok') end
if op[3] ~= 'asked' then return answer('state') end
-- What the record cannot take does not happen.
for i = 3, #ARGV do redis.call('XADD', KEYS[#KEYS], '*', 'line', ARGV[i]) end
redis.call('HSET', KEYS[1], 'state', 'cancelled')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
op[3] = 'cancelled'
return answer('ok')
