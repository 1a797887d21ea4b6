"""How a Redis server searches: in one step, in its own language. Text only.

The keys of the rarest word are looked at first. Where enough of them score as well as any other key can that has the
commoner words only, those are looked up for them alone. A key that is named by the question comes first anyway.
"""

from __future__ import annotations

from struct import Struct

from sync.taskmaster.tiers.redis.scripts import NAMES, Script

PACKED = Struct(">7I")
"""Found memories come as one text, which is read many times as fast as a list: of each the sizes of its context, its
key and the fields h, d, t, u, w, and then these."""
_MOST_KEYS = 5_000
_LIVE = """
local now = tonumber(ARGV[2])
local parts, size, count, stale, seen = {}, 0, 0, {}, {}
local function read(context, key)
  local fields = redis.call('HMGET', memory_of(context, key), 'h', 'd', 't', 'u', 'w', 'e')
  local expires = fields[6]
  if not expires then
    stale[#stale + 1] = context
    stale[#stale + 1] = key
  elseif expires == '' or tonumber(expires) > now then
    return fields
  end
end
local function take(context, key)
  local id = id_of(context, key)
  if seen[id] then return end
  seen[id] = true
  local fields = read(context, key)
  if not fields then return end
  local h, d, t, u, w = fields[1] or '', fields[2] or '', fields[3] or '', fields[4] or '', fields[5] or ''
  parts[size + 1] = struct.pack('>I4I4I4I4I4I4I4', #context, #key, #h, #d, #t, #u, #w)
  parts[size + 2], parts[size + 3], parts[size + 4], parts[size + 5] = context, key, h, d
  parts[size + 6], parts[size + 7], parts[size + 8] = t, u, w
  size, count = size + 8, count + 1
end
local function take_named(context, key)
  if redis.call('ZSCORE', space .. 'keys:' .. context, key) then take(context, key) end
end
"""

_SEARCH = """
local limit, text, words, at = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), 6
local places, counts, weights, rarest, total = {}, {}, {}, {}, 0
for word = 1, words do
  counts[word] = 0
  rarest[word] = word
end

while at <= #ARGV do
  local place = {context = ARGV[at], terms = {}, sizes = {}}
  local size = redis.call('ZCARD', space .. 'keys:' .. place.context)
  at = at + 1
  for word = 1, words do
    local terms, count = {}, 0
    local many = tonumber(ARGV[at])
    for one = 1, size > 0 and many or 0 do
      terms[one] = space .. 'term:' .. ARGV[at + one]
      count = count + redis.call('ZCARD', terms[one])
    end
    at = at + many + 1
    place.terms[word], place.sizes[word] = terms, count
    counts[word] = counts[word] + math.min(count, size)
  end
  total = total + size
  if size > 0 then places[#places + 1] = place end
end

for word = 1, words do weights[word] = math.log(1 + (total + 1) / (counts[word] + 1)) end
table.sort(rarest, function(one, other) return weights[one] > weights[other] end)
local rest = {[words + 1] = 0}
for rank = words, 1, -1 do rest[rank] = rest[rank + 1] + weights[rarest[rank]] end

local function keys_of(terms, most)
  if #terms == 1 then return redis.call('ZREVRANGE', terms[1], 0, most - 1) end
  local keys, has = {}, {}
  for _, term in ipairs(terms) do
    for _, key in ipairs(redis.call('ZREVRANGE', term, 0, most - 1)) do
      if not has[key] then
        has[key] = true
        keys[#keys + 1] = key
      end
    end
  end
  return keys
end

local function has_any(terms, key)
  for _, term in ipairs(terms) do
    if redis.call('ZSCORE', term, key) then return true end
  end
end

local is_cut
local function candidates_of(place, enough)
  local order, score_of = {}, {}
  for rank, word in ipairs(rarest) do
    local terms, weight, ahead = place.terms[word], weights[word], 0
    for _, key in ipairs(order) do
      if score_of[key] >= rest[rank] then ahead = ahead + 1 end
    end
    if ahead >= enough then
      is_cut = true
      for _, key in ipairs(order) do
        if has_any(terms, key) then score_of[key] = score_of[key] + weight end
      end
    else
      local most, has = MOST, nil
      if rank == words and place.sizes[word] > enough + #order then
        most, has = math.min(most, enough + #order), {}  -- what has this word alone is equally good: the newest will do
        for _, key in ipairs(order) do has[key] = has_any(terms, key) end
      end
      local keys = keys_of(terms, most)
      is_cut = is_cut or #keys >= most
      for _, key in ipairs(keys) do
        if not score_of[key] then
          order[#order + 1] = key
          score_of[key] = weight
        elseif not has then
          score_of[key] = score_of[key] + weight
        end
      end
      for key in pairs(has or {}) do score_of[key] = score_of[key] + weight end
    end
  end
  return order, score_of
end

local function rank_all(enough)
  local ranks, by_score = {}, {}
  for _, place in ipairs(places) do
    local order, score_of = candidates_of(place, enough)
    for _, key in ipairs(order) do
      local score = score_of[key]
      if not by_score[score] then
        by_score[score] = {}
        ranks[#ranks + 1] = score
      end
      table.insert(by_score[score], {place.context, key})
    end
  end
  table.sort(ranks, function(one, other) return one > other end)
  for _, rank in ipairs(ranks) do
    for _, id in ipairs(by_score[rank]) do
      if count >= limit then return end
      take(id[1], id[2])
    end
  end
end

for _, place in ipairs(places) do take_named(place.context, text) end
rank_all(limit + 8)
if count < limit and is_cut then rank_all(MOST) end
return {table.concat(parts), stale, counts, total}
"""

_NEWEST = """
local limit, text, step, newest = tonumber(ARGV[3]), ARGV[4], 50, {}
for at = 5, #ARGV do take_named(ARGV[at], text) end
for at = 5, #ARGV do
  local context, start, live = ARGV[at], 0, 0
  repeat
    local page = redis.call('ZREVRANGE', space .. 'new:' .. context, start, start + step - 1, 'WITHSCORES')
    for one = 1, #page, 2 do
      if live < limit and read(context, page[one]) then
        live = live + 1
        newest[#newest + 1] = {context, page[one], tonumber(page[one + 1])}
      end
    end
    start = start + step
  until live >= limit or #page == 0
end
table.sort(newest, function(one, other) return one[3] > other[3] end)
for one = 1, math.min(limit, #newest) do take(newest[one][1], newest[one][2]) end
return {table.concat(parts), stale}
"""

SEARCH = Script(NAMES + _LIVE + _SEARCH.replace("MOST", str(_MOST_KEYS)))
"""Space, now, limit, text, how many words; for each context its id, and for each word the number of its tokens and
these. Found memories, best first, see PACKED; context and key of what is listed but gone; for each word how many have
it; of how many."""
NEWEST = Script(NAMES + _LIVE + _NEWEST)
"""Space, now, limit, a key, contexts. Found memories, see PACKED, those of the key first, then the newest; context and
key of what is listed but gone."""
