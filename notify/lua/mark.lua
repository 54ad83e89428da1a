-- Marks tickets as being spoken of, directly before that is done, if this
-- speaker still has the word.
-- KEYS word, tickets in the place...   ARGV speaker, field, value
-- Returns 1, or 0: another has the word.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #KEYS do redis.call('HSET', KEYS[i], ARGV[2], ARGV[3]) end
return 1
