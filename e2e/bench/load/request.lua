-- SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
-- SPDX-License-Identifier: Apache-2.0

-- One wrk thread asks the question of the plan file given as first argument, over and over.
--
-- What is exact: session ids are used in turn, so after n requests each of s sessions was used n/s times, one more or
-- less. wrk does not tell a script which connection asks, so a session is not tied to one connection and can have two
-- requests in flight at a time while another has none. Every request has a JSON-RPC id of its own (ten digits, so all
-- requests of a run have the same length), and where the question carries a text, that text contains the id: no cache
-- can answer, and an answer that reached the wrong caller shows.
--
-- Only a plan with `verify = true` looks at answers: wrk then copies every header and body into Lua, which slows the
-- generator too much for a timed run. Timed runs still count every HTTP error, and the runner compares their bytes per
-- answer with those of the verified run just before.

dofile(string.match(debug.getinfo(1, "S").source, "^@(.*/)") .. "result.lua")

local plan
local heads, turn, sequence = {}, 0, 1000000000
local pending = {}

checked, wrong, example, destination = 0, 0, "", ""

local function reject(reason, status, body)
    wrong = wrong + 1
    if example == "" then
        example = reason .. ": HTTP " .. status .. " " .. string.sub(body or "", 1, 600)
    end
end

-- The part of an answer that must be there, with the caller's id in the place of its mark.
local function expected(text, id)
    local before, after = string.match(text, "^(.-)@ID@(.*)$")
    return before and before .. id .. after or text
end

local function check(status, _, body)
    checked = checked + 1
    if status ~= 200 then
        return reject("not 200", status, body)
    end
    if plan.method == "GET" then
        if #body ~= plan.minimum then
            reject("length " .. #body, status, body)
        end
        return
    end
    local id = string.match(body, '"id"%s*:%s*(%d+)')
    if not id or not pending[id] then
        return reject("an id that nobody waits for", status, body)
    end
    pending[id] = nil
    if #body < plan.minimum then
        return reject("shorter than " .. plan.minimum .. " bytes", status, body)
    end
    if string.find(body, '"isError"%s*:%s*true') then
        return reject("tool error", status, body)
    end
    if not string.find(body, expected(plan.expect, id), 1, true) then
        reject("without " .. expected(plan.expect, id), status, body)
    end
end

function init(arguments)
    plan = dofile(arguments[1])
    destination = plan.destination
    for index, session in ipairs(plan.sessions) do
        heads[index] = plan.head .. session
    end
    if plan.verify then
        response = check
    end
end

function request()
    if plan.method == "GET" then
        return plan.head
    end
    turn = turn % #heads + 1
    sequence = sequence + 1
    local id = string.format("%d", sequence)
    if plan.verify then
        pending[id] = true
    end
    if plan.tail then
        return heads[turn] .. plan.middle .. id .. plan.between .. id .. plan.tail
    end
    return heads[turn] .. plan.middle .. id .. plan.between
end

function done(summary, latency)
    write_result(summary, latency)
end
